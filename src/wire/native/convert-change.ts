import type { MessageInitShape } from "@bufbuild/protobuf";
import type { DreamChangeSchema, EditSchema, SourceSchema } from "../../../gen/dream/v1/dream_pb.ts";
import type { Edit, Source } from "../../core/change-set.ts";
import type { ShownChange } from "../../service/dreams/diff-dream.ts";
import { changeKinds, editKinds, trusts } from "./enums.ts";
import { toTimestamp } from "./fields.ts";

export function toDreamChange(shown: ShownChange): MessageInitShape<typeof DreamChangeSchema> {
  const { change } = shown;
  return {
    number: shown.number,
    kind: changeKinds[change.kind],
    path: change.path,
    toPath: change.toPath ?? "",
    reason: change.reason,
    edits: change.edits.map(toEdit),
    trust: trusts[change.trust],
    flags: [...change.flags],
    conflict: change.conflict,
    applied: shown.applied,
    unifiedDiff: shown.unifiedDiff,
    wordDiff: shown.wordDiff,
    beforeSha256: change.beforeHash ?? "",
    afterSha256: change.afterHash ?? "",
  };
}

function toEdit(edit: Edit): MessageInitShape<typeof EditSchema> {
  return {
    kind: editKinds[edit.kind],
    ...(edit.before === null ? {} : { before: edit.before }),
    ...(edit.after === null ? {} : { after: edit.after }),
    reason: edit.reason,
    sources: edit.sources.map(toSource),
  };
}

function toSource(source: Source): MessageInitShape<typeof SourceSchema> {
  return { source: toOrigin(source), trust: trusts[source.trust], quote: source.quote };
}

function toOrigin(source: Source) {
  if (source.kind === "memory") {
    const { path, memoryId, versionId } = source;
    return { case: "memory" as const, value: { path, memoryId, memoryVersionId: versionId } };
  }
  const { sessionId, eventNumber, eventId, speaker, at } = source;
  const saidAt = at === null ? {} : { saidAt: toTimestamp(at) };
  return {
    case: "event" as const,
    value: { sessionId, number: BigInt(eventNumber), eventId, speaker, ...saidAt },
  };
}
