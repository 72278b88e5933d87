import { invalidArgument } from "../../core/errors.ts";

export interface OfflineEngineOptions {
  /** The most that new entries of one dream may take, in estimated o200k tokens; 8,000. */
  readonly maxTokens?: number;
  /** How many dreams may be worked on at once, each on a thread of its own; 2. */
  readonly threads?: number;
  /** How long a thread may take to answer an abort before it is ended, in milliseconds; 700. */
  readonly abortGraceMs?: number;
}

export interface OfflineEngineConfig {
  readonly maxTokens: number;
  readonly threads: number;
  readonly abortGraceMs: number;
}

/** Fills in what was left out. Throws `invalid_argument` naming the option that is out of its bounds. */
export function resolveOfflineEngineOptions(options: OfflineEngineOptions): OfflineEngineConfig {
  return {
    maxTokens: within("maxTokens", options.maxTokens ?? 8_000, 200, 10_000_000),
    threads: within("threads", options.threads ?? 2, 1, 64),
    abortGraceMs: within("abortGraceMs", options.abortGraceMs ?? 700, 1, 60_000),
  };
}

function within(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalidArgument(name, `must be a whole number from ${least} to ${most}`, most);
}
