import { toJson } from "@bufbuild/protobuf";
import {
  type ErasedMemory,
  type ErasurePlan,
  ErasurePlanSchema,
} from "../../gen/dream/v1/erasure_service_pb.ts";
import { ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { calling } from "./clients.ts";
import { type CommandArgs, type CommandRun, isGiven, optionText } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { yesOption } from "./options.ts";
import { count, type Output, writeJson, writeTable } from "./output.ts";
import { createProgress } from "./progress.ts";

interface Target {
  readonly case: "sessionId" | "memoryStoreId";
  readonly value: string;
}

/** It may have to look through all that was ever made from a session. */
const long = { timeoutMs: limits.requestTimeoutMaxMs };

/** Shows what an erasure would remove; with `--yes` removes it. */
export const erase: CommandRun = async ({ out, err, signal }, args) => {
  const target = readTarget(args);
  const yes = isGiven(args, yesOption.flag);
  const json = isGiven(args, "json");
  const progress = createProgress(err, { quiet: json });
  progress.show(yes ? "erasing" : "looking", 0, 0);
  const plan = await calling(args, async ({ erasure }) => {
    const request = { target: { target } };
    const answer = yes
      ? await erasure.erase(request, { signal, ...long })
      : await erasure.planErasure(request, { signal, ...long });
    if (answer.plan === undefined) throw new ReveriedError("internal", "the server answered without a plan");
    return answer.plan;
  }).finally(() => progress.end());
  if (json) {
    writeJson(out, { erased: yes, plan: toJson(ErasurePlanSchema, plan, { alwaysEmitImplicit: true }) });
    return exitCodes.ok.code;
  }
  if (yes && isEmpty(plan)) out.line(`Nothing is left of ${nameOf(target)} to erase.`);
  else {
    writePlan(out, target, plan, yes);
    if (!yes) out.line("Nothing was erased. To erase it, for good, run this again with --yes");
  }
  return exitCodes.ok.code;
};

function readTarget(args: CommandArgs): Target {
  const session = optionText(args, "session");
  const store = optionText(args, "store");
  if (session !== null && store === null) return { case: "sessionId", value: session };
  if (store !== null && session === null) return { case: "memoryStoreId", value: store };
  throw new ReveriedError("invalid_argument", "erase: name either --session or --store");
}

function nameOf({ case: kind, value }: Target): string {
  return `${kind === "sessionId" ? "session" : "memory store"} ${value}`;
}

/** As of a session that was erased before, and may still be asked for. */
function isEmpty({ events, memories, derived, versions, changes }: ErasurePlan): boolean {
  return events + memories + versions + changes === 0n && derived.length === 0;
}

function writePlan(out: Output, target: Target, plan: ErasurePlan, done: boolean): void {
  const size =
    target.case === "sessionId"
      ? count(Number(plan.events), "event")
      : count(Number(plan.memories), "memory", "memories");
  const what = `${nameOf(target)} with ${size}`;
  out.line(out.paint("bold", `${done ? "Erased" : "Would erase"} ${what}`));
  if (plan.derived.length > 0) {
    out.line(
      done ? "And from memories what rested on it alone:" : "And from memories what rests on it alone:",
    );
    out.line();
    writeDerived(out, plan.derived);
    out.line();
  }
  const versions = count(Number(plan.versions), "older version");
  out.line(
    `${versions} emptied, ${count(Number(plan.changes), "change")} of dreams without quotes and words`,
  );
}

function writeDerived(out: Output, derived: readonly ErasedMemory[]): void {
  writeTable(
    out,
    [
      { title: "STORE", cell: ({ memoryStoreId }: ErasedMemory) => memoryStoreId },
      { title: "LINES", cell: ({ lines }) => lines.toLocaleString("en"), align: "right" },
      { title: "MEMORY", cell: ({ deleted }) => (deleted ? "deleted" : "shortened") },
      { title: "PATH", cell: ({ path }) => path },
    ],
    derived,
  );
}
