/** Dreams, and what they changed. */
import type { Dream } from "../../core/dream.ts";
import { invalidArgument } from "../../core/errors.ts";
import { changeShape } from "./change-shapes.ts";
import {
  eachLine,
  type ImportCall,
  inAnyOrder,
  inOrder,
  type Line,
  notThere,
  type Refusal,
  remembered,
  settle,
} from "./import-call.ts";
import { dreamWentOn } from "./went-on.ts";

/** Dreams one after the other, so that those that wait keep their order. */
export async function importDreams(
  call: ImportCall,
  lines: readonly Line<"dream">[],
): Promise<Refusal | null> {
  const { deps, tenant } = call;
  const refused = await eachLine(lines, inOrder, async ({ value }) => {
    const dream: Dream = { ...value, tenant };
    const outcome = await deps.restore.dream(dream);
    const stored = outcome === "differs" ? await deps.dreams.get({ tenant, id: dream.id }) : null;
    const wentOn = stored !== null && dreamWentOn(stored, dream);
    const what = dream.holds.length === 0 ? `dream ${dream.id}` : `dream ${dream.id}, or one of its holds,`;
    settle(call, what, wentOn ? "present" : outcome);
  });
  // A hint for workers: some of them may be pending.
  if (lines.length > 0) deps.bus.announce({ kind: "work" });
  return refused;
}

/** Changes of dreams that are there. */
export function importChanges(call: ImportCall, lines: readonly Line<"change">[]): Promise<Refusal | null> {
  const { deps, tenant } = call;
  const dreams = remembered((id) => deps.dreams.get({ tenant, id }));
  return eachLine(lines, inAnyOrder, async ({ value }) => {
    const { dreamId, attempt, index, change } = value;
    const dream = await dreams(dreamId);
    if (dream === null) throw notThere("change.dream_id", `dream ${dreamId}`);
    if (attempt > dream.attempt) {
      throw invalidArgument("change.attempt", `the dream made only ${dream.attempt} attempts`);
    }
    const request = { tenant, dreamId, attempt, first: index };
    const [stored] = await deps.memories.listChanges({ ...request, limit: 1 });
    if (stored === undefined) {
      await deps.memories.putChanges({ ...request, changes: [change] });
      call.count("written");
      return;
    }
    const there = changeShape.encode({ dreamId, attempt, index, change: stored });
    const same = JSON.stringify(there) === JSON.stringify(changeShape.encode(value));
    settle(call, `change ${index} of dream ${dreamId}`, same ? "present" : "differs");
  });
}
