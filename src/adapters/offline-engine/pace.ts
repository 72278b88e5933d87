/** Lets a long computation be stopped, and on a shared thread lets others run. */
export interface Pace {
  /** To be awaited in every loop that may be long; throws the reason once the dream was aborted. */
  step(): Promise<void> | undefined;
  /** The same at once, between two parts of the work. */
  look(): Promise<void> | undefined;
}

const stepsBetweenLooks = 64;

/**
 * `look` throws when the dream was aborted, and may give the thread away. Of the steps only every 64th looks: the
 * others cost a counter and no promise.
 */
export function createPace(look: () => Promise<void> | undefined): Pace {
  let steps = 0;
  return {
    look,
    step() {
      steps += 1;
      return steps % stepsBetweenLooks === 0 ? look() : undefined;
    },
  };
}
