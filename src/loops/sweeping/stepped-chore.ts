import { isReveriedError } from "../../core/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Log } from "../../ports/log.ts";
import type { Chore } from "../sweeper.ts";

/** Work on one tenant, cut into steps of a few milliseconds; each answers with how many things were done. */
export interface Task {
  readonly tenant: string;
  readonly steps: AsyncGenerator<number, void>;
}

/** What a chore works through. */
export interface Tasks {
  /** Begins the next task; null when there is none for now. The same again until it is dropped. */
  begin(now: number): Promise<Task | null>;
  /** Takes the task that was begun last as done. */
  drop(): void;
}

/** Then it is the turn of the next chore. */
const stepsPerRun = 10;

/**
 * A chore that works through its tasks step by step, however long one takes. When the storage is away the task is begun
 * anew later; one that fails for another reason is dropped, so that no tenant keeps the sweeper from the others.
 */
export function createSteppedChore(
  deps: { readonly clock: Clock; readonly log: Log },
  name: string,
  tasks: Tasks,
): Chore {
  let task: Task | null = null;

  async function step(): Promise<number> {
    if (task === null) return 0;
    const { tenant, steps } = task;
    try {
      const { done, value } = await steps.next();
      if (done !== true) return value;
    } catch (cause) {
      if (isReveriedError(cause) && cause.kind === "unavailable") {
        task = null;
        throw cause;
      }
      deps.log.error("a tenant could not be swept", { chore: name, tenant, cause });
    }
    task = null;
    tasks.drop();
    return 0;
  }

  return {
    name,
    async run(now, signal) {
      let count = 0;
      for (let steps = 0; steps < stepsPerRun; steps += 1) {
        if (signal.aborted) return { count, more: false };
        task ??= await tasks.begin(now);
        if (task === null) return { count, more: false };
        count += await step();
        await deps.clock.nextTurn();
      }
      return { count, more: true };
    },
  };
}
