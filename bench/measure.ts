import type { Figure } from "./figure.ts";

export interface Bench {
  /** A new folder on the disk for one server's data; removed at the end of the run. */
  newDataDir(): string;
  /** Tells the person who waits what is being done. */
  say(text: string): void;
}

export interface Measure {
  /** What `--only` calls it. */
  readonly name: string;
  /** Every figure of the run is measured anew; throws when something does not work at all. */
  run(bench: Bench): Promise<Figure[]>;
}
