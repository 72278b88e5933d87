import type { Clock } from "../ports/clock.ts";
import { type Exchange, sendJson } from "./exchange.ts";

export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** Empty when all is well. */
  readonly reason: string;
}

export interface Readiness {
  readonly ok: boolean;
  readonly checks: readonly ReadinessCheck[];
}

export interface Health {
  /** Whether calls can be served now. Never throws and never hangs: a check that does is a reason not to be ready. */
  readiness(): Promise<Readiness>;
  /** From now on the answer is "not ready", because the server stops. */
  stop(): void;
}

/**
 * Asks `ready` at most once in `readyIntervalMs`, however many probes ask, and gives it `readyTimeoutMs`: a flood of
 * probes costs the stores nothing.
 */
export function createHealth(
  deps: { readonly clock: Clock; readonly ready: () => Promise<Readiness> },
  config: { readonly readyTimeoutMs: number; readonly readyIntervalMs: number },
): Health {
  let stopping = false;
  let latest: { readonly at: number; readonly answer: Promise<Readiness> } | null = null;

  async function ask(): Promise<Readiness> {
    const settled = new AbortController();
    const late = deps.clock
      .sleep(config.readyTimeoutMs, settled.signal)
      .then(() => notReady("readiness", `did not answer within ${config.readyTimeoutMs} ms`));
    try {
      return await Promise.race([deps.ready(), late]);
    } catch {
      return notReady("readiness", "the check itself failed; see the log");
    } finally {
      settled.abort();
    }
  }

  return {
    readiness() {
      if (stopping) return Promise.resolve(notReady("server", "the server is stopping"));
      const now = deps.clock.monotonic();
      if (latest === null || now - latest.at >= config.readyIntervalMs) latest = { at: now, answer: ask() };
      return latest.answer;
    },
    stop() {
      stopping = true;
    },
  };
}

/** Serves `/healthz` (the process lives) and `/readyz` (calls can be served; 503 with the reasons when not). */
export function serveHealth(health: Health, exchange: Exchange): boolean {
  if (exchange.path !== "/healthz" && exchange.path !== "/readyz") return false;
  const method = exchange.request.method;
  if (method !== "GET" && method !== "HEAD") {
    sendJson(
      exchange,
      405,
      { code: "unimplemented", message: `use GET ${exchange.path}` },
      { allow: "GET, HEAD" },
    );
  } else if (exchange.path === "/healthz") {
    sendJson(exchange, 200, { ok: true });
  } else {
    void health.readiness().then((readiness) => sendJson(exchange, readiness.ok ? 200 : 503, readiness));
  }
  return true;
}

function notReady(name: string, reason: string): Readiness {
  return { ok: false, checks: [{ name, ok: false, reason }] };
}
