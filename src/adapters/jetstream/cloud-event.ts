/** Dream events as CloudEvents 1.0, after the NATS protocol binding 1.0.3. */
import { toBinary, toJson } from "@bufbuild/protobuf";
import { TimestampSchema, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type DreamEvent, DreamEventSchema } from "../../../gen/dream/v1/dream_event_pb.ts";
import { ReveriedError } from "../../core/errors.ts";
import type { EventMessage } from "../../ports/event-bus.ts";
import { toDreamEvent } from "./dream-event-message.ts";

/** What the data is written in. */
export type EventEncoding = "json" | "binary";

/** `binary`: attributes as headers, data as the body. `structured`: both in one JSON body. */
export type EventFormat = "binary" | "structured";

export interface CloudEventOptions {
  readonly encoding: EventEncoding;
  readonly format: EventFormat;
}

export interface CloudEventMessage {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** The id of an event, the same each time it is published: `<dream id>:<number>`. */
export function eventId(dreamId: string, number: number): string {
  return `${dreamId}:${number}`;
}

/** The number in an id that `eventId` made for this dream, else null. */
export function eventNumber(dreamId: string, id: string): number | null {
  const digits = id.startsWith(`${dreamId}:`) ? id.slice(dreamId.length + 1) : "";
  return /^[1-9][0-9]{0,9}$/.test(digits) ? Number(digits) : null;
}

/** Headers and body of the message. Throws `internal` for an event that the schema cannot hold. */
export function encodeCloudEvent(message: EventMessage, options: CloudEventOptions): CloudEventMessage {
  try {
    const event = toDreamEvent(message);
    return options.format === "binary"
      ? binaryMode(message, event, options)
      : structuredMode(message, event, options);
  } catch (cause) {
    const id = eventId(message.dreamId, message.event.number);
    throw new ReveriedError("internal", `event ${id} cannot be written as dream.v1.DreamEvent`, { cause });
  }
}

/** Printable ASCII stays; a space, a quote, a percent sign and all else become percent signs and UTF-8 bytes. */
export function encodeHeaderValue(value: string): string {
  return value
    .toWellFormed()
    .replace(/[^\x21\x23\x24\x26-\x7e]/gu, (character) =>
      Array.from(
        Buffer.from(character),
        (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`,
      ).join(""),
    );
}

function binaryMode(
  message: EventMessage,
  event: DreamEvent,
  { encoding }: CloudEventOptions,
): CloudEventMessage {
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(attributes(message, encoding))) {
    headers.set(`ce-${name}`, encodeHeaderValue(value));
  }
  const body =
    encoding === "json" ? Buffer.from(JSON.stringify(jsonData(event))) : toBinary(DreamEventSchema, event);
  return { headers, body };
}

function structuredMode(
  message: EventMessage,
  event: DreamEvent,
  { encoding }: CloudEventOptions,
): CloudEventMessage {
  const data =
    encoding === "json"
      ? { data: jsonData(event) }
      : { data_base64: Buffer.from(toBinary(DreamEventSchema, event)).toString("base64") };
  const body = JSON.stringify({ ...attributes(message, encoding), ...data });
  return {
    headers: new Map([["content-type", "application/cloudevents+json; charset=UTF-8"]]),
    body: Buffer.from(body),
  };
}

function attributes({ tenant, dreamId, event }: EventMessage, encoding: EventEncoding) {
  return {
    specversion: "1.0",
    id: eventId(dreamId, event.number),
    type: `dream.v1.${event.kind}`,
    source: `/reveried/tenants/${tenant}`,
    time: toJson(TimestampSchema, timestampFromMs(event.at)),
    subject: dreamId,
    datacontenttype: encoding === "json" ? "application/json" : "application/protobuf",
  };
}

function jsonData(event: DreamEvent) {
  return toJson(DreamEventSchema, event, { alwaysEmitImplicit: true });
}
