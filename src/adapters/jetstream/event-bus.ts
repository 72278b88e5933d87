import { Empty, headers as createHeaders, type JetStreamManager, type NatsConnection } from "nats";
import { invalidArgument, ReveriedError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { createLru } from "../../lib/lru.ts";
import type { Clock } from "../../ports/clock.ts";
import type { EventBus, Topic } from "../../ports/event-bus.ts";
import type { Log } from "../../ports/log.ts";
import type { EventEncoding, EventFormat } from "./cloud-event.ts";
import { type Connection, openConnection } from "./connection.ts";
import { createPublisher } from "./publisher.ts";
import { checkStream, ensureStream, type StreamSettings } from "./stream.ts";
import {
  checkPrefix,
  defaultPrefixes,
  listenSubjects,
  liveSubject,
  type SubjectPrefixes,
  streamSubject,
} from "./subjects.ts";
