import { type Output, type Paint, printable, wrap } from "./output.ts";

const marks = /\[-|-\]|\{\+|\+\}/g;
const opening: ReadonlyMap<string, Paint> = new Map([
  ["[-", "red"],
  ["{+", "green"],
]);
const closing: ReadonlyMap<string, Paint> = new Map([
  ["-]", "red"],
  ["+}", "green"],
]);
const hunkLine = /^@@ -\d+,\d+ \+\d+,\d+ @@$/;

/**
 * A difference by words, wrapped, with what went (`[-so-]`) in red and what came (`{+so+}`) in green. The marks stay: they
 * say it without colours, too. A text may itself hold such marks; then the colours are wrong until the next hunk at most.
 */
export function writeWordDiff(out: Output, diff: string): void {
  let open: Paint | null = null;
  for (const line of printable(diff).split("\n")) {
    if (hunkLine.test(line)) {
      open = null;
      out.line(out.paint("dim", `  ${line}`));
      continue;
    }
    for (const part of wrap(line.trimEnd(), out.columns - 2)) {
      const painted = paintWords(out, part, open);
      open = painted.open;
      out.line(`  ${painted.text}`.trimEnd());
    }
  }
}

/** The text in colours, and the colour that is still open at its end. */
function paintWords(
  out: Output,
  text: string,
  before: Paint | null,
): { readonly text: string; readonly open: Paint | null } {
  let painted = "";
  let open = before;
  let from = 0;
  const take = (to: number) => {
    const piece = text.slice(from, to);
    painted += open === null ? piece : out.paint(open, piece);
    from = to;
  };
  for (const { 0: mark, index } of text.matchAll(marks)) {
    const opened = opening.get(mark);
    if (open === null && opened !== undefined) {
      take(index);
      open = opened;
    } else if (open !== null && closing.get(mark) === open) {
      take(index + mark.length);
      open = null;
    }
  }
  take(text.length);
  return { text: painted, open };
}
