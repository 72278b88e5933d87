import { ChangeKind, type DreamChange } from "../../gen/dream/v1/dream_pb.ts";
import { ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { type Clients, calling } from "./clients.ts";
import { type CommandArgs, type CommandRun, isGiven, optionText } from "./command.ts";
import { downloadChanges } from "./download.ts";
import { exitCodes } from "./exit-codes.ts";
import { theDream } from "./follow-dream.ts";
import { type Output, oneLine, writeJson } from "./output.ts";
import { collectAll } from "./pages.ts";
import { theStore } from "./store-facts.ts";

/** It may write as many memories as a store has. */
const long = { timeoutMs: limits.requestTimeoutMaxMs };

interface Reverted {
  readonly changes: readonly DreamChange[];
  /** Where memories are that were left alone. */
  readonly leftAlone: readonly string[];
  /** Whether this call changed the store; a repeated one does not. */
  readonly changed: boolean;
}

/** Undoes what a dream wrote into the store, and says what went back and what was left alone. */
export const revertStore: CommandRun = async ({ out, signal }, args) => {
  const id = args.words[0] ?? "";
  const dreamId = readDream(args);
  const reverted = await calling(args, (clients) => revert(clients, id, dreamId, signal));
  const left = new Set(reverted.leftAlone);
  const restored = reverted.changes.filter((change) => change.applied && !left.has(pathAfter(change)));
  if (isGiven(args, "json")) {
    writeJson(out, {
      memoryStoreId: id,
      dreamId,
      changed: reverted.changed,
      restored: restored.map(({ path }) => path),
      leftAlone: reverted.leftAlone,
    });
    return exitCodes.ok.code;
  }
  if (reverted.changed) for (const change of restored) out.line(restoredText(change));
  for (const path of reverted.leftAlone) {
    out.line(out.paint("yellow", `left alone  ${oneLine(path)}  (changed since, or in the way)`));
  }
  writeSummary(out, dreamId, reverted, restored.length);
  return exitCodes.ok.code;
};

function readDream(args: CommandArgs): string {
  const dream = optionText(args, "dream");
  if (dream !== null) return dream;
  throw new ReveriedError("invalid_argument", "stores revert: --dream is needed (the dream to undo)");
}

async function revert(
  clients: Clients,
  storeId: string,
  dreamId: string,
  signal: AbortSignal,
): Promise<Reverted> {
  const { dreams, stores } = clients;
  const before = await theStore(stores.getMemoryStore({ id: storeId }, { signal }));
  const dream = await theDream(dreams.getDream({ id: dreamId }, { signal }));
  if (dream.inputMemoryStoreId !== storeId) {
    throw new ReveriedError(
      "failed_precondition",
      `dream ${dreamId} read memory store ${dream.inputMemoryStoreId}, not ${storeId}; nothing was done`,
    );
  }
  // The server refuses a dream that wrote a new store, or none; its words say what to do instead.
  const { conflictingPaths } = await dreams.revertDream({ id: dreamId }, { signal, ...long });
  const changes = await collectAll(downloadChanges(clients, dreamId, signal));
  const after = await theStore(stores.getMemoryStore({ id: storeId }, { signal }));
  return { changes, leftAlone: conflictingPaths, changed: before.revision !== after.revision };
}

/** Where the dream left the memory: by this path it is named when it is left alone. */
function pathAfter({ path, toPath }: DreamChange): string {
  return toPath === "" ? path : toPath;
}

function restoredText({ kind, path, toPath }: DreamChange): string {
  switch (kind) {
    case ChangeKind.CREATE:
      return `removed     ${oneLine(path)}`;
    case ChangeKind.RENAME:
      return `moved back  ${oneLine(toPath)} → ${oneLine(path)}`;
    default:
      return `restored    ${oneLine(path)}`;
  }
}

function writeSummary(
  out: Output,
  dreamId: string,
  { changed, leftAlone }: Reverted,
  restored: number,
): void {
  if (!changed) {
    const nothing = leftAlone.length > 0 ? "all it wrote was changed since" : "it wrote nothing";
    out.line(`Nothing to undo of dream ${dreamId}: ${restored > 0 ? "it was undone before" : nothing}`);
    return;
  }
  const left = leftAlone.length === 0 ? "" : `, ${leftAlone.length} left alone`;
  out.line(`Undid dream ${dreamId}: ${restored} restored${left}`);
}
