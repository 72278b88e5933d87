import assert from "node:assert";
import { headers as createHeaders, type JetStreamClient, type JetStreamManager, type PubAck } from "nats";
import { ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { createLru } from "../../lib/lru.ts";
import type { EventMessage } from "../../ports/event-bus.ts";
import type { EventEncoding, EventFormat } from "./cloud-event.ts";
import { type CloudEventMessage, encodeCloudEvent, eventId, eventNumber } from "./cloud-event.ts";
import type { Connection } from "./connection.ts";
import { apiErrorOf, apiErrors, isNobodyThere } from "./nats-errors.ts";
import type { StreamGuard } from "./stream.ts";
import { eventSubject, historySubject, type SubjectPrefixes } from "./subjects.ts";

export interface PublisherDeps {
  readonly connection: Connection;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;
  readonly stream: Pick<StreamGuard, "readyForEvents" | "lost">;
}

export interface PublisherConfig {
  readonly prefixes: SubjectPrefixes;
  readonly streamName: string;
  readonly encoding: EventEncoding;
  readonly format: EventFormat;
  readonly dreamsRemembered: number;
}

/** The newest event of a dream on the stream. */
interface Last {
  readonly number: number;
  /** Of its message in the stream, from 1. */
  readonly sequence: number;
}

const nothingYet: Last = { number: 0, sequence: 0 };

/** JetStream keeps no name for this header; it widens what the expected sequence is the last of. */
const expectedSubjectHeader = "Nats-Expected-Last-Subject-Sequence-Subject";

/**
 * Publishes the events of dreams, each after the one before it, whoever else publishes: every message names the
 * stream sequence of the dream's newest event, and the server refuses it when that is no longer the newest. Keeps
 * the promises of `EventBus.publish`.
 */
export function createPublisher(
  deps: PublisherDeps,
  config: PublisherConfig,
): (message: EventMessage) => Promise<void> {
  const { connection, client, manager } = deps;
  const { prefixes, streamName } = config;
  const lastByDream = createLru<Last>(config.dreamsRemembered);

  return async (message) => {
    const { tenant, dreamId, event } = message;
    assert(Number.isInteger(event.number) && event.number >= 1, "events are numbered from 1");
    const history = historySubject(prefixes, tenant, dreamId);
    const encoded = encodeCloudEvent(message, config);
    await deps.stream.readyForEvents();
    // A dream's first event needs no look: nothing can be before it, and if the server knows better it refuses.
    let last = lastByDream.get(history) ?? (event.number === 1 ? nothingYet : null);
    for (let tries = 0; tries < limits.busPublishTries; tries++) {
      // What is remembered may be behind, as another relay publishes too; so before a gap is told, look.
      if (last === null || last.number + 1 < event.number) last = await lookUp(history, dreamId);
      if (last.number >= event.number) {
        remember(history, last);
        return;
      }
      if (last !== nothingYet && last.number + 1 !== event.number) throw gap(message, last);
      const acknowledged = await send(message, encoded, history, last);
      if (acknowledged !== null) {
        remember(history, { number: event.number, sequence: acknowledged.seq });
        return;
      }
      last = null;
    }
    throw new ReveriedError(
      "unavailable",
      `event ${event.number} of dream ${dreamId} was overtaken ${limits.busPublishTries} times on NATS at ${connection.where}`,
    );
  };

  /** The acknowledgement, or null when the dream's newest event is not the expected one. */
  async function send(
    message: EventMessage,
    { headers, body }: CloudEventMessage,
    history: string,
    last: Last,
  ): Promise<PubAck | null> {
    const { dreamId, event } = message;
    const wire = createHeaders();
    for (const [name, value] of headers) wire.set(name, value);
    wire.set(expectedSubjectHeader, history);
    const options = {
      msgID: eventId(dreamId, event.number),
      headers: wire,
      expect: { streamName, lastSubjectSequence: last.sequence },
      timeout: limits.busPublishTimeoutMs,
    };
    const what = `publish event ${event.number} of dream ${dreamId} on NATS at ${connection.where}`;
    try {
      const publish = () => client.publish(eventSubject(prefixes, message), body, options);
      return await connection.ask(what, publish, isOvertaken);
    } catch (error) {
      if (isOvertaken(error)) return null;
      if (error instanceof ReveriedError && isNobodyThere(error.cause)) deps.stream.lost();
      throw error;
    }
  }

  /**
   * A dream of which the stream holds nothing may go on at any number: its events may have aged out of the stream,
   * or the stream may be a new one.
   */
  async function lookUp(history: string, dreamId: string): Promise<Last> {
    const what = `look for the newest event of dream ${dreamId} on NATS at ${connection.where}`;
    try {
      const read = () => manager.streams.getMessage(streamName, { last_by_subj: history });
      const found = await connection.ask(what, read, isNone);
      const number = eventNumber(dreamId, found.header.get("Nats-Msg-Id"));
      if (number !== null) return { number, sequence: found.seq };
    } catch (error) {
      if (isNone(error)) return nothingYet;
      throw error;
    }
    throw new ReveriedError(
      "failed_precondition",
      `the newest message on ${history} in stream ${streamName} is not of reveried; remove it, and let nobody else publish there`,
    );
  }

  function remember(history: string, last: Last): void {
    const known = lastByDream.get(history);
    if (known === undefined || known.number <= last.number) lastByDream.set(history, last);
  }
}

function isOvertaken(error: unknown): boolean {
  const number = apiErrorOf(error);
  return number === apiErrors.wrongLastSequence || number === apiErrors.wrongLastSequenceConstant;
}

function isNone(error: unknown): boolean {
  return apiErrorOf(error) === apiErrors.noMessageFound;
}

function gap({ dreamId, event }: EventMessage, last: Last): ReveriedError {
  return new ReveriedError(
    "failed_precondition",
    `event ${event.number} of dream ${dreamId} cannot follow event ${last.number}; publish ${last.number + 1} first`,
  );
}
