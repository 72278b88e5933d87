/** The words of the core and the numbers of `dream.v1`, each pair written once. */

import { DreamEventKind } from "../../../gen/dream/v1/dream_event_pb.ts";
import {
  ChangeKind,
  DreamStatus,
  DreamType,
  EditKind,
  OutputBehavior,
  Trust,
} from "../../../gen/dream/v1/dream_pb.ts";
import { MemoryOperation } from "../../../gen/dream/v1/memory_store_pb.ts";
import type { Edit, RecordedChange } from "../../core/change-set.ts";
import type * as core from "../../core/dream.ts";
import type * as events from "../../core/dream-event.ts";
import { invalidArgument } from "../../core/errors.ts";
import type * as versions from "../../core/memory-version.ts";
import type * as session from "../../core/session.ts";

export const dreamStatuses = {
  pending: DreamStatus.PENDING,
  running: DreamStatus.RUNNING,
  completed: DreamStatus.COMPLETED,
  failed: DreamStatus.FAILED,
  canceled: DreamStatus.CANCELED,
} as const satisfies Record<core.DreamStatus, DreamStatus>;

export const dreamTypes = {
  omni: DreamType.OMNI,
  consolidate: DreamType.CONSOLIDATE,
  agent: DreamType.AGENT,
  card_refresh: DreamType.CARD_REFRESH,
} as const satisfies Record<core.DreamType, DreamType>;

export const outputBehaviors = {
  create_new: OutputBehavior.CREATE_NEW,
  update_existing: OutputBehavior.UPDATE_EXISTING,
} as const satisfies Record<core.OutputBehavior, OutputBehavior>;

export const dreamEventKinds = {
  created: DreamEventKind.CREATED,
  started: DreamEventKind.STARTED,
  released: DreamEventKind.RELEASED,
  deferred: DreamEventKind.DEFERRED,
  completed: DreamEventKind.COMPLETED,
  failed: DreamEventKind.FAILED,
  canceled: DreamEventKind.CANCELED,
  archived: DreamEventKind.ARCHIVED,
} as const satisfies Record<events.DreamEventKind, DreamEventKind>;

export const trusts = {
  user: Trust.USER,
  assistant: Trust.ASSISTANT,
  tool: Trust.TOOL,
  imported: Trust.IMPORTED,
} as const satisfies Record<session.Trust, Trust>;

export const changeKinds = {
  create: ChangeKind.CREATE,
  update: ChangeKind.UPDATE,
  delete: ChangeKind.DELETE,
  rename: ChangeKind.RENAME,
} as const satisfies Record<RecordedChange["kind"], ChangeKind>;

export const editKinds = {
  add: EditKind.ADD,
  remove: EditKind.REMOVE,
  replace: EditKind.REPLACE,
  merge: EditKind.MERGE,
  supersede: EditKind.SUPERSEDE,
  move: EditKind.MOVE,
} as const satisfies Record<Edit["kind"], EditKind>;

export const memoryOperations = {
  created: MemoryOperation.CREATED,
  modified: MemoryOperation.MODIFIED,
  deleted: MemoryOperation.DELETED,
} as const satisfies Record<versions.MemoryOperation, MemoryOperation>;

/**
 * The word for a number a caller sent; `unspecified` stands for 0. Throws `invalid_argument` for a number that means
 * nothing (binary messages carry any), and for 0 when there is no default.
 */
export function wordOf<Words extends Readonly<Record<string, number>>>(
  field: string,
  words: Words,
  value: number,
  unspecified: (keyof Words & string) | null,
): keyof Words & string {
  if (value === 0 && unspecified !== null) return unspecified;
  for (const word in words) if (words[word] === value) return word;
  throw invalidArgument(field, value === 0 ? "must not be unspecified" : `${value} is no value of this enum`);
}
