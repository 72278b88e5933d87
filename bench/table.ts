import type { Figure, Target } from "./figure.ts";

const headings = ["measure", "value", "ceiling", "ratio", "target", "ok"];
/** Words to the left, numbers to the right. */
const rightAligned = new Set([1, 2, 3]);

/** The figures as one aligned table; below it what each ceiling is, and the notes. */
export function renderTable(figures: readonly Figure[]): string {
  const rows = [headings, ...figures.map(cellsOf)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        rightAligned.has(column) ? cell.padStart(width(column)) : cell.padEnd(width(column)),
      )
      .join("  ")
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((one) => "-".repeat(one)).join("  "));
  return `${lines.join("\n")}\n\n${figures.map(legendOf).join("\n")}\n`;

  function width(column: number): number {
    return widths[column] ?? 0;
  }
}

function cellsOf(figure: Figure): string[] {
  const { unit, target, ok } = figure;
  return [
    figure.name,
    `${rounded(figure.value)} ${unit}`,
    `${rounded(figure.ceiling.value)} ${unit}`,
    figure.ratio.toFixed(2),
    target === null ? "-" : targetText(target, unit),
    ok === null ? "-" : ok ? "yes" : "NO",
  ];
}

function targetText(target: Target, unit: string): string {
  const [sign, bound] = "below" in target ? ["<", target.below] : [">=", target.atLeast];
  return target.of === "ratio" ? `ratio ${sign} ${bound.toFixed(2)}` : `${sign} ${bound} ${unit}`;
}

function legendOf({ name, ceiling, note }: Figure): string {
  return `${name}: ceiling is ${ceiling.of}${note === "" ? "" : `; ${note}`}`;
}

/** Three digits that mean something. */
export function rounded(value: number): string {
  if (!Number.isFinite(value)) return "none";
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
