import { ReveriedError } from "../../core/errors.ts";

/** `silent`: still connected, as far as anybody knows, but a request was not answered. */
export type PresenceState = "up" | "silent" | "away" | "closed";

/** Whether a server is there, and the end of all waiting when it no longer is. */
export interface Presence {
  state(): PresenceState;
  /** Runs a request. Throws `unavailable` at once unless up, and as soon as the server is lost. */
  whileUp<T>(request: () => Promise<T>): Promise<T>;
  /** Nothing is sent any more; what waits may still be answered. */
  fallSilent(): void;
  /** Ends all that waits. After `closed` nothing changes any more. */
  lose(state: "away" | "closed"): void;
  comeBack(): void;
  /** Called each time the server is up again. */
  onBack(callback: () => void): void;
}

const words = { up: "lost", silent: "not answering", away: "away", closed: "closed" };

export function createPresence(where: string): Presence {
  const waiting = new Set<(error: ReveriedError) => void>();
  const callbacks: (() => void)[] = [];
  let state: PresenceState = "up";

  return {
    state: () => state,

    async whileUp(request) {
      if (state !== "up") throw gone();
      const lost = Promise.withResolvers<never>();
      waiting.add(lost.reject);
      try {
        return await Promise.race([request(), lost.promise]);
      } finally {
        waiting.delete(lost.reject);
      }
    },

    fallSilent() {
      if (state === "up") state = "silent";
    },

    lose(next) {
      if (state === "closed") return;
      state = next;
      for (const reject of waiting) reject(gone());
      waiting.clear();
    },

    comeBack() {
      if (state === "closed") return;
      state = "up";
      for (const callback of callbacks) callback();
    },

    onBack(callback) {
      callbacks.push(callback);
    },
  };

  function gone(): ReveriedError {
    return new ReveriedError("unavailable", `the connection to NATS at ${where} is ${words[state]}`);
  }
}
