/** What a measure answers with, and when it is good enough. */

/** What the value, or its ratio to the ceiling, must be. */
export type Target =
  | { readonly of: "ratio" | "value"; readonly atLeast: number }
  | { readonly of: "ratio" | "value"; readonly below: number };

/** The best that could be, measured in the same run. */
export interface Ceiling {
  /** What was measured, in a few words. */
  readonly of: string;
  readonly value: number;
}

export interface FigureFacts {
  readonly name: string;
  readonly value: number;
  /** Of the value and of the ceiling. */
  readonly unit: "calls/s" | "dreams/s" | "ms" | "MB";
  readonly ceiling: Ceiling;
  /** Where rounds were paired, the median of their ratios; else value by ceiling. */
  readonly ratio?: number;
  /** null: told, and held to nothing. */
  readonly target: Target | null;
  /** What else the reader should know; empty for nothing. */
  readonly note?: string;
}

export interface Figure extends Omit<FigureFacts, "ratio" | "note"> {
  readonly ratio: number;
  readonly note: string;
  /** null when there is no target. */
  readonly ok: boolean | null;
}

export function figureOf(facts: FigureFacts): Figure {
  const ratio = facts.ratio ?? facts.value / facts.ceiling.value;
  const { target } = facts;
  return {
    ...facts,
    ratio,
    note: facts.note ?? "",
    ok: target === null ? null : meets(facts.value, ratio, target),
  };
}

function meets(value: number, ratio: number, target: Target): boolean {
  const held = target.of === "ratio" ? ratio : value;
  return "below" in target ? held < target.below : held >= target.atLeast;
}
