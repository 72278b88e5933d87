import type { Transport } from "@connectrpc/connect";
import type { Principal } from "../core/principal.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { Random } from "../ports/random.ts";
import type { UseCases } from "../service/use-cases.ts";
import { createHealth, type Readiness } from "./health.ts";
import { createListener, type Listener } from "./listener.ts";
import { connectError } from "./native/error.ts";
import { createInProcessTransport } from "./native/in-process.ts";
import { createNativeMount } from "./native/mount.ts";
import { createNativeRouter } from "./native/router.ts";
import { addRoutes } from "./native/routes.ts";
import type { WireConfig } from "./wire-config.ts";

/** How long a stop waits for work whose connection was cut already; it was told to end by its signal. */
const orphanedWorkMs = 1_000;

export interface WireDeps {
  readonly useCases: UseCases;
  /** Who calls; throws `unauthenticated` or `permission_denied` for credentials that are not good. */
  readonly authenticate: (headers: Headers) => Principal | Promise<Principal>;
  /** Whether calls can be served now, part by part. */
  readonly ready: () => Promise<Readiness>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface WireServer extends Listener {
  /** Calls the same RPCs from within this process; `listen` is not needed for it. */
  readonly transport: Transport;
}

/** The one port with everything that is served on it; see `Listener` for what starting and stopping promise. */
export function createWireServer(deps: WireDeps, config: WireConfig): WireServer {
  const stopping = new AbortController();
  const health = createHealth(deps, config);
  const router = createNativeRouter(deps, config, stopping.signal);
  addRoutes({ ...deps, health }, config, router);
  const native = createNativeMount({ ...deps, stopping: stopping.signal }, config, router.handlers);
  const listener = createListener({ ...deps, health, mounts: [native] }, config);

  async function stop(graceMs: number): Promise<void> {
    health.stop();
    stopping.abort(connectError("unavailable", "the server is stopping; connect again"));
    await listener.stop(graceMs);
    const settled = new AbortController();
    await Promise.race([router.running.idle(), deps.clock.sleep(orphanedWorkMs, settled.signal)]);
    settled.abort();
  }

  const transport = createInProcessTransport(router.handlers);
  let stopped: Promise<void> | null = null;
  return {
    transport,
    listen: () => listener.listen(),
    stop(graceMs) {
      stopped ??= stop(graceMs);
      return stopped;
    },
  };
}
