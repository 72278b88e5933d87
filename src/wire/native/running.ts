/** Counts what runs, so that a stop can wait for work whose caller was answered, or hung up, before it ended. */
export interface Running {
  /** Counts one more until the answer is called; calling that twice counts once. */
  begin(): () => void;
  /** Counts the promise until it settles, and passes it on. */
  track<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing runs. */
  idle(): Promise<void>;
}

export function createRunning(): Running {
  let count = 0;
  let waiting: (() => void)[] = [];

  function end(): void {
    count -= 1;
    if (count > 0) return;
    const resolved = waiting;
    waiting = [];
    for (const resolve of resolved) resolve();
  }

  return {
    begin() {
      count += 1;
      let ended = false;
      return () => {
        if (ended) return;
        ended = true;
        end();
      };
    },
    track(work) {
      count += 1;
      work.then(end, end);
      return work;
    },
    idle() {
      if (count === 0) return Promise.resolve();
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}
