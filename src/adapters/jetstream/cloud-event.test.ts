import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { DreamEventKind, DreamEventSchema } from "../../../gen/dream/v1/dream_event_pb.ts";
import { DreamStatus, DreamType } from "../../../gen/dream/v1/dream_pb.ts";
import { eventMessage } from "../../../test/support/event-messages.ts";
import { type DreamStatus as CoreStatus, dreamStatuses, dreamTypes } from "../../core/dream.ts";
import { dreamEventKinds } from "../../core/dream-event.ts";
import { encodeCloudEvent, encodeHeaderValue, eventId, eventNumber } from "./cloud-event.ts";

const failed = eventMessage("drm_1", 3, {
  model: "auto",
  event: {
    kind: "failed",
    from: "running",
    to: "failed",
    attempt: 1,
    reason: "",
    error: { type: "no_output", message: "nothing came — “nichts” 🌙" },
    outputStoreId: "memstore_9",
  },
});

describe("binary mode", () => {
  test("carries the attributes as headers and the whole event as JSON", () => {
    const { headers, body } = encodeCloudEvent(failed, { encoding: "json", format: "binary" });
    expect(Object.fromEntries(headers)).toEqual({
      "ce-specversion": "1.0",
      "ce-id": "drm_1:3",
      "ce-type": "dream.v1.failed",
      "ce-source": "/reveried/tenants/acme",
      "ce-time": "2026-01-01T00:00:00.126Z",
      "ce-subject": "drm_1",
      "ce-datacontenttype": "application/json",
    });
    expect(JSON.parse(Buffer.from(body).toString())).toEqual({
      tenant: "acme",
      dreamId: "drm_1",
      number: 3,
      kind: "DREAM_EVENT_KIND_FAILED",
      occurredAt: "2026-01-01T00:00:00.126Z",
      fromStatus: "DREAM_STATUS_RUNNING",
      toStatus: "DREAM_STATUS_FAILED",
      attempt: 1,
      reason: "",
      error: { type: "no_output", message: "nothing came — “nichts” 🌙" },
      outputMemoryStoreId: "memstore_9",
      dreamType: "DREAM_TYPE_OMNI",
      model: "auto",
    });
  });

  test("writes every field of a first event, though most are empty", () => {
    const { body } = encodeCloudEvent(eventMessage("drm_1", 1), { encoding: "json", format: "binary" });
    expect(JSON.parse(Buffer.from(body).toString())).toMatchObject({
      fromStatus: "DREAM_STATUS_UNSPECIFIED",
      attempt: 0,
      reason: "",
      outputMemoryStoreId: "",
    });
  });

  test("says the same in binary proto", () => {
    const json = encodeCloudEvent(failed, { encoding: "json", format: "binary" });
    const binary = encodeCloudEvent(failed, { encoding: "binary", format: "binary" });
    expect(binary.headers.get("ce-datacontenttype")).toBe("application/protobuf");
    expect(fromBinary(DreamEventSchema, binary.body)).toEqual(
      fromJsonString(DreamEventSchema, Buffer.from(json.body).toString()),
    );
  });
});

describe("structured mode", () => {
  test("is one JSON body with the attributes and the data", () => {
    const { headers, body } = encodeCloudEvent(failed, { encoding: "json", format: "structured" });
    expect(Object.fromEntries(headers)).toEqual({
      "content-type": "application/cloudevents+json; charset=UTF-8",
    });
    const parsed = JSON.parse(Buffer.from(body).toString());
    expect(parsed).toMatchObject({
      specversion: "1.0",
      id: "drm_1:3",
      type: "dream.v1.failed",
      source: "/reveried/tenants/acme",
      subject: "drm_1",
      datacontenttype: "application/json",
      data: { dreamId: "drm_1", number: 3, attempt: 1, reason: "" },
    });
  });

  test("holds binary proto in base64", () => {
    const { body } = encodeCloudEvent(failed, { encoding: "binary", format: "structured" });
    const parsed = JSON.parse(Buffer.from(body).toString());
    expect(parsed.datacontenttype).toBe("application/protobuf");
    expect(parsed.data).toBeUndefined();
    const event = fromBinary(DreamEventSchema, Buffer.from(parsed.data_base64, "base64"));
    expect(event.error?.message).toBe("nothing came — “nichts” 🌙");
  });
});

describe("what the schema calls things", () => {
  const wireNames = (names: readonly string[]) => names.map((name) => name.toUpperCase());

  test.each(dreamEventKinds)("the kind %s", (kind) => {
    const { body } = encodeCloudEvent(eventMessage("drm_1", 1, { event: { kind } }), {
      encoding: "json",
      format: "binary",
    });
    expect(JSON.parse(Buffer.from(body).toString()).kind).toBe(`DREAM_EVENT_KIND_${kind.toUpperCase()}`);
  });

  test.each(dreamStatuses)("the status %s", (status: CoreStatus) => {
    const message = eventMessage("drm_1", 1, { event: { from: status, to: status } });
    const { body } = encodeCloudEvent(message, { encoding: "json", format: "binary" });
    const name = `DREAM_STATUS_${status.toUpperCase()}`;
    expect(JSON.parse(Buffer.from(body).toString())).toMatchObject({ fromStatus: name, toStatus: name });
  });

  test.each(dreamTypes)("the type %s", (dreamType) => {
    const message = { ...eventMessage("drm_1", 1), dreamType };
    const { body } = encodeCloudEvent(message, { encoding: "json", format: "binary" });
    expect(JSON.parse(Buffer.from(body).toString()).dreamType).toBe(`DREAM_TYPE_${dreamType.toUpperCase()}`);
  });

  test("leaves no word of the schema out", () => {
    expect(Object.keys(DreamEventKind)).toEqual(["UNSPECIFIED", ...wireNames(dreamEventKinds)]);
    expect(Object.keys(DreamStatus)).toEqual(["UNSPECIFIED", ...wireNames(dreamStatuses)]);
    expect(Object.keys(DreamType)).toEqual(["UNSPECIFIED", ...wireNames(dreamTypes)]);
  });
});

test("a text cut in the middle of a character is still UTF-8, the same in each encoding", () => {
  const message = eventMessage("drm_1", 3, { event: { reason: "🌙".slice(0, 1) } });
  const json = encodeCloudEvent(message, { encoding: "json", format: "binary" }).body;
  const binary = encodeCloudEvent(message, { encoding: "binary", format: "binary" }).body;
  expect(JSON.parse(Buffer.from(json).toString()).reason).toBe("\ufffd");
  expect(fromBinary(DreamEventSchema, binary).reason).toBe("\ufffd");
});

test("an event with a time that no timestamp holds is refused as a fault of ours", () => {
  const message = eventMessage("drm_1", 1, { event: { at: Number.NaN } });
  expect(() => encodeCloudEvent(message, { encoding: "json", format: "binary" })).toThrow(
    expect.objectContaining({ kind: "internal", message: expect.stringContaining("drm_1:1") }),
  );
});

test("header values keep printable ASCII and escape the rest", () => {
  expect(encodeHeaderValue("drm_1:3/~!")).toBe("drm_1:3/~!");
  expect(encodeHeaderValue('a b"c%d')).toBe("a%20b%22c%25d");
  expect(encodeHeaderValue("é🌙\r\n")).toBe("%C3%A9%F0%9F%8C%99%0D%0A");
});

test("the number of an event is read from its id, and only from such an id", () => {
  expect(eventNumber("drm_1", eventId("drm_1", 12))).toBe(12);
  for (const id of ["", "drm_1", "drm_1:", "drm_1:0", "drm_1:-1", "drm_1:1x", "drm_12:1", "drm_1:1:1"]) {
    expect(eventNumber("drm_1", id)).toBeNull();
  }
});
