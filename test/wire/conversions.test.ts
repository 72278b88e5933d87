import { create, type DescEnum, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { DreamEventKindSchema } from "../../gen/dream/v1/dream_event_pb.ts";
import {
  ChangeKindSchema,
  DreamSchema,
  DreamStatusSchema,
  DreamTypeSchema,
  EditKindSchema,
  OutputBehaviorSchema,
  TrustSchema,
} from "../../gen/dream/v1/dream_pb.ts";
import { MemoryOperationSchema } from "../../gen/dream/v1/memory_store_pb.ts";
import type { Dream } from "../../src/core/dream.ts";
import { toDream } from "../../src/wire/native/convert-dream.ts";
import * as enums from "../../src/wire/native/enums.ts";
import { fromTimestamp, toTimestamp } from "../../src/wire/native/fields.ts";
import { aDream, someTime } from "../support/factories.ts";

const view = (dream: Dream) => toJson(DreamSchema, create(DreamSchema, toDream(dream)));
const usage = { inputTokens: 3, outputTokens: 2, cacheCreationInputTokens: 1, cacheReadInputTokens: 5 };
const progress = { attempt: 1, stage: "reading", done: 1, total: 9, at: someTime };
const ids = { outputStoreId: "memstore_out", sessionId: "sesn_dream" };

describe("the words of enums", () => {
  test.each<[string, Readonly<Record<string, number>>, DescEnum]>([
    ["dream statuses", enums.dreamStatuses, DreamStatusSchema],
    ["dream types", enums.dreamTypes, DreamTypeSchema],
    ["output behaviors", enums.outputBehaviors, OutputBehaviorSchema],
    ["dream event kinds", enums.dreamEventKinds, DreamEventKindSchema],
    ["trusts", enums.trusts, TrustSchema],
    ["change kinds", enums.changeKinds, ChangeKindSchema],
    ["edit kinds", enums.editKinds, EditKindSchema],
    ["memory operations", enums.memoryOperations, MemoryOperationSchema],
  ])("%s have the number of their own name, and all are there", (_what, map, desc) => {
    const byName = Object.fromEntries(
      desc.values
        .filter((value) => value.number !== 0)
        .map((value) => [value.localName.toLowerCase(), value.number]),
    );
    expect(map).toEqual(byName);
  });
});

describe("the view of a dream", () => {
  test("that is pending shows why and until when it waits, and nothing that is not yet", () => {
    const dream: Dream = { ...aDream(), notBefore: someTime + 1_000, waitReason: "the provider is away" };
    expect(view(dream)).toMatchObject({
      status: "DREAM_STATUS_PENDING",
      sessionIds: ["sesn_one"],
      waitReason: "the provider is away",
      notBefore: "2025-11-23T12:13:21.123Z",
      createdAt: "2025-11-23T12:13:20.123Z",
      lastEventNumber: 1,
    });
    for (const absent of [
      "outputMemoryStoreId",
      "sessionId",
      "startedAt",
      "endedAt",
      "error",
      "summary",
      "progress",
    ]) {
      expect(view(dream)).not.toHaveProperty(absent);
    }
  });

  test("that runs shows its session once it began, never its output, and its own attempt's progress only", () => {
    const running: Dream = { ...aDream({ status: "running" }), ids, begun: true };
    const reported: Dream = {
      ...running,
      live: { ...running.live, progress, usageByAttempt: [usage, usage] },
    };
    expect(view(reported)).toMatchObject({
      status: "DREAM_STATUS_RUNNING",
      sessionId: "sesn_dream",
      startedAt: expect.any(String),
      usage: { inputTokens: "6", outputTokens: "4" },
      progress: { stage: "reading", done: "1", total: "9", usage: { cacheReadInputTokens: "10" } },
    });
    expect(view(reported)).not.toHaveProperty("outputMemoryStoreId");
    expect(view({ ...reported, attempt: 2 })).not.toHaveProperty("progress");
    expect(view({ ...running, begun: false })).not.toHaveProperty("sessionId");
  });

  test.each(["completed", "failed", "canceled"] as const)(
    "that is %s names its output only when it completed",
    (status) => {
      const dream: Dream = { ...aDream({ status }), ids, begun: true };
      const shown = view({ ...dream, live: { ...dream.live, progress } });
      expect(shown).toMatchObject({ endedAt: expect.any(String) });
      const has = (name: string) => Object.hasOwn(Object(shown), name);
      expect(has("outputMemoryStoreId")).toBe(status === "completed");
      expect(has("summary")).toBe(status === "completed");
      expect(has("error")).toBe(status === "failed");
      expect(has("progress")).toBe(false);
    },
  );

  test("whose sessions were resolved when it began shows those", () => {
    const frozen = { head: "h", sessions: [{ id: "sesn_b", lastEvent: 4 }] };
    const inputs = {
      memoryStoreId: "memstore_input",
      sessions: { kind: "workspace", workspaceId: "w", max: 100 },
    } as const;
    expect(view(aDream({ inputs }))).not.toHaveProperty("sessionIds");
    expect(view({ ...aDream({ inputs }), frozen })).toMatchObject({ sessionIds: ["sesn_b"] });
  });
});

describe("times", () => {
  test.each([0, 1, 999, 1_000, -1, -1_001, someTime, 253_402_300_799_999])(
    "%i ms come back as they went",
    (ms) => {
      const { seconds, nanos } = toTimestamp(ms);
      const timestamp = { $typeName: "google.protobuf.Timestamp" as const, seconds, nanos };
      expect(nanos).toBeGreaterThanOrEqual(0);
      expect(fromTimestamp("at", timestamp)).toBe(ms);
    },
  );

  test.each([
    [253_402_300_800n, 0],
    [-62_135_596_801n, 0],
    [2n ** 62n, 0],
    [0n, -1],
    [0n, 1_000_000_000],
  ])("%i s and %i ns are refused", (seconds, nanos) => {
    const timestamp = { $typeName: "google.protobuf.Timestamp" as const, seconds, nanos };
    expect(() => fromTimestamp("said_at", timestamp)).toThrow(/^said_at: /);
  });
});
