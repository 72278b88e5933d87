/** Memory stores as anybody would explain them: maps from paths to texts, and a list of what happened to each memory. */
import type { MemoryOperation } from "../../src/core/memory-version.ts";

export interface ModelVersion {
  readonly operation: MemoryOperation;
  readonly path: string;
  /** null for a deleted memory. */
  readonly content: string | null;
  redacted: boolean;
}

export interface ModelMemory {
  readonly id: string;
  readonly content: string;
}

export interface ModelStore {
  readonly id: string;
  memories: Map<string, ModelMemory>;
  /** By memory, oldest first. */
  history: Map<string, ModelVersion[]>;
  archived: boolean;
}

export type ModelChange =
  | { readonly kind: "put"; readonly path: string; readonly content: string }
  | { readonly kind: "remove"; readonly path: string }
  | { readonly kind: "move"; readonly path: string; readonly to: string };

export function emptyModel(id: string): ModelStore {
  return { id, memories: new Map(), history: new Map(), archived: false };
}

export function copyOfModel(store: ModelStore): ModelStore {
  return {
    ...store,
    memories: new Map(store.memories),
    history: new Map([...store.history].map(([id, versions]) => [id, versions.map((one) => ({ ...one }))])),
  };
}

/** The path in the way of a memory at `path`: a folder of it, or one that it would be a folder of; null for none. */
export function inTheWay(paths: Iterable<string>, path: string): string | null {
  for (const other of paths) {
    if (path.startsWith(`${other}/`) || other.startsWith(`${path}/`)) return other;
  }
  return null;
}

/** Makes one change; `idOf` names a memory that is new. What changes nothing makes no version. */
export function change(store: ModelStore, wanted: ModelChange, idOf: (path: string) => string): void {
  const before = store.memories.get(wanted.path);
  if (wanted.kind === "put") {
    if (before?.content === wanted.content) return;
    const memory = { id: before?.id ?? idOf(wanted.path), content: wanted.content };
    store.memories.set(wanted.path, memory);
    note(store, memory.id, before === undefined ? "created" : "modified", wanted.path, wanted.content);
    return;
  }
  if (before === undefined) throw new Error(`the model has no memory ${wanted.path}`);
  if (wanted.kind === "move" && wanted.to === wanted.path) return;
  store.memories.delete(wanted.path);
  if (wanted.kind === "remove") {
    note(store, before.id, "deleted", wanted.path, null);
    return;
  }
  store.memories.set(wanted.to, before);
  note(store, before.id, "modified", wanted.to, before.content);
}

export function note(
  store: ModelStore,
  memoryId: string,
  operation: MemoryOperation,
  path: string,
  content: string | null,
): void {
  const versions = store.history.get(memoryId) ?? [];
  versions.push({ operation, path, content, redacted: false });
  store.history.set(memoryId, versions);
}

/**
 * What a dream's changes make of a store that others wrote into since the dream read it: each change applies where its
 * memory is the very one that was read, and where there is room; the others are left out.
 */
export function applicable(
  read: ModelStore,
  current: ModelStore,
  changes: readonly ModelChange[],
): ModelChange[] {
  const stands = (path: string) => {
    const [then, now] = [read.memories.get(path), current.memories.get(path)];
    if (then === undefined || now === undefined) return then === now;
    return (
      then.id === now.id &&
      (read.history.get(then.id)?.length ?? 0) === (current.history.get(now.id)?.length ?? 0)
    );
  };
  let fitting = changes.filter((one) => {
    if (one.kind === "remove") return current.memories.get(one.path) === undefined || stands(one.path);
    return stands(one.path) && (one.kind === "put" || stands(one.to));
  });
  for (;;) {
    const leaving = new Set(fitting.flatMap((one) => (one.kind === "put" ? [] : [one.path])));
    const staying = [...current.memories.keys()].filter((path) => !leaving.has(path));
    const next = fitting.filter((one) => {
      if (one.kind === "remove") return true;
      const target = one.kind === "move" ? one.to : one.path;
      return current.memories.has(target) || inTheWay(staying, target) === null;
    });
    if (next.length === fitting.length) return next;
    fitting = next;
  }
}

/** Undoes what a dream did between `before` and `after`, where nobody changed it since and there is room. */
export function revertModel(
  store: ModelStore,
  made: { readonly before: ModelStore; readonly after: ModelStore },
): void {
  const lengthOf = (one: ModelStore, id: string) => one.history.get(id)?.length ?? 0;
  const pathIn = (one: ModelStore, id: string) =>
    [...one.memories].find(([, memory]) => memory.id === id)?.[0] ?? null;
  const ids = [...made.after.history.keys()].filter(
    (id) => lengthOf(made.after, id) !== lengthOf(made.before, id),
  );
  let fitting = ids.filter((id) => lengthOf(store, id) === lengthOf(made.after, id));
  for (;;) {
    const going = new Set(fitting);
    const staying = [...store.memories].filter(([, { id }]) => !going.has(id)).map(([path]) => path);
    const next = fitting.filter((id) => {
      const back = pathIn(made.before, id);
      return back === null || (!staying.includes(back) && inTheWay(staying, back) === null);
    });
    if (next.length === fitting.length) break;
    fitting = next;
  }
  const backs = fitting.map((id) => {
    const back = pathIn(made.before, id);
    return {
      id,
      back,
      there: pathIn(store, id),
      memory: back === null ? null : made.before.memories.get(back),
    };
  });
  for (const { there } of backs) if (there !== null) store.memories.delete(there);
  for (const { id, back, there, memory } of backs) {
    if (back === null || memory === null || memory === undefined)
      note(store, id, "deleted", there ?? "", null);
    else {
      store.memories.set(back, memory);
      note(store, id, there === null ? "created" : "modified", back, memory.content);
    }
  }
}
