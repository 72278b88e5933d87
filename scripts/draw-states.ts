/** Draws docs/states.md from the table of moves. `npm run gen` writes it; a tidy test compares. */
import { writeFileSync } from "node:fs";
import { type DreamStatus, dreamStatuses } from "../src/core/dream.ts";
import { canMove, type MoveName, transitions } from "../src/core/dream-transitions.ts";

const moves = Object.keys(transitions).filter((name): name is MoveName => name in transitions);

/** The whole text of docs/states.md. */
export function drawStates(): string {
  return `# States of a dream

Drawn from the table in \`src/core/dream-transitions.ts\` by \`npm run gen\`; do not edit it here.

\`\`\`mermaid
stateDiagram-v2
  [*] --> pending: create
${arrows()}
\`\`\`

Archiving changes no status: it marks a dream that is final, and repeating it changes nothing.

## Moves

| move | from | to | event | by |
| --- | --- | --- | --- | --- |
| create | – | pending | created | a caller, or a schedule |
${moves.map(moveRow).join("\n")}

## What a status allows

| status | ${moves.join(" | ")} |
| --- | ${moves.map(() => "---").join(" | ")} |
${dreamStatuses.map(statusRow).join("\n")}

A move that is not allowed is refused with \`failed_precondition\`, and nothing is written. Each move that is made gives
exactly one event, with the next number of its dream.
`;
}

function arrows(): string {
  const lines = moves.flatMap((name) => {
    const { from, to } = transitions[name];
    return to === null ? [] : from.map((status) => `  ${status} --> ${to}: ${name}`);
  });
  const ends = dreamStatuses.filter((status) => !leaves(status));
  return [...lines, ...ends.map((status) => `  ${status} --> [*]`)].join("\n");
}

function leaves(status: DreamStatus): boolean {
  return moves.some((name) => canMove(status, name) && transitions[name].to !== null);
}

function moveRow(name: MoveName): string {
  const { from, to, event, by } = transitions[name];
  return `| ${name} | ${from.join(", ")} | ${to ?? "same"} | ${event} | ${by} |`;
}

function statusRow(status: DreamStatus): string {
  return `| ${status} | ${moves.map((name) => (canMove(status, name) ? "yes" : "–")).join(" | ")} |`;
}

if (import.meta.main) writeFileSync(new URL("../docs/states.md", import.meta.url), drawStates());
