import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ErasurePlanSchema,
  ErasureService,
  type ErasureTarget as TargetMessage,
} from "../../../gen/dream/v1/erasure_service_pb.ts";
import { invalidArgument } from "../../core/errors.ts";
import type { ErasurePlan } from "../../service/erasure/erase.ts";
import type { ErasureTarget } from "../../service/erasure/find-scope.ts";
import type { UseCases } from "../../service/use-cases.ts";
import type { NativeRouter } from "./router.ts";

export function addErasureRoutes(use: UseCases, { unary }: NativeRouter): void {
  const { method } = ErasureService;
  unary(method.planErasure, async ({ target }, { principal }) => ({
    plan: toErasurePlan(await use.planErasure(principal, { target: fromErasureTarget(target) })),
  }));
  unary(method.erase, async ({ target }, { principal }) => ({
    plan: toErasurePlan(await use.erase(principal, { target: fromErasureTarget(target) })),
  }));
}

function fromErasureTarget(message: TargetMessage | undefined): ErasureTarget {
  const target = message?.target;
  if (target?.case === "sessionId") return { kind: "session", id: target.value };
  if (target?.case === "memoryStoreId") return { kind: "store", id: target.value };
  throw invalidArgument("target", "must name a session_id or a memory_store_id");
}

function toErasurePlan(plan: ErasurePlan): MessageInitShape<typeof ErasurePlanSchema> {
  const { events, memories, derived, versions, changes } = plan;
  return {
    events: BigInt(events),
    memories: BigInt(memories),
    derived: derived.map((memory) => ({ ...memory })),
    versions: BigInt(versions),
    changes: BigInt(changes),
  };
}
