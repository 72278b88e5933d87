import type { DescService } from "@bufbuild/protobuf";
import {
  Health as HealthService,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/health/v1/health_pb.ts";
import { notFound } from "../../core/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Health } from "../health.ts";
import type { NativeRouter } from "./router.ts";

/**
 * gRPC health. Every service is served by the same stores and the same bus, so each is as ready as the whole; a name
 * that is not served is `not_found` to Check and stays SERVICE_UNKNOWN to Watch.
 */
export function addHealthRoutes(
  deps: { readonly clock: Clock; readonly health: Health },
  config: { readonly readyIntervalMs: number },
  router: NativeRouter,
  services: readonly DescService[],
): void {
  const { method } = HealthService;
  // The empty name asks for the server as a whole.
  const names = ["", ...services.map((service) => service.typeName)];
  const known = new Set(names);

  async function status(): Promise<Status> {
    const { ok } = await deps.health.readiness();
    return ok ? Status.SERVING : Status.NOT_SERVING;
  }

  router.unary(method.check, async ({ service }) => {
    if (!known.has(service)) throw notFound("service", service);
    return { status: await status() };
  });

  router.unary(method.list, async () => {
    const current = await status();
    return { statuses: Object.fromEntries(names.map((name) => [name, { status: current }])) };
  });

  router.serverStream(method.watch, async function* ({ service }, { signal }) {
    let last: Status | null = null;
    while (!signal.aborted) {
      const current: Status = known.has(service) ? await status() : Status.SERVICE_UNKNOWN;
      if (current !== last) {
        last = current;
        yield { status: current };
      }
      await deps.clock.sleep(config.readyIntervalMs, signal);
    }
  });
}
