import { toJson } from "@bufbuild/protobuf";
import { type Session, SessionSchema } from "../../gen/dream/v1/session_pb.ts";
import { ReveriedError } from "../core/errors.ts";
import { count, type Output, writeFacts } from "./output.ts";
import { metadataText } from "./store-facts.ts";
import { timeText } from "./words.ts";

/** The session of an answer; that it is there is what the API promises. */
export async function theSession(
  answer: Promise<{ readonly session?: Session | undefined }>,
): Promise<Session> {
  const { session } = await answer;
  if (session === undefined) throw new ReveriedError("internal", "the server answered without a session");
  return session;
}

export function sessionJson(session: Session) {
  return toJson(SessionSchema, session, { alwaysEmitImplicit: true });
}

export function writeSessionFacts(out: Output, session: Session): void {
  writeFacts(out, [
    ["session", session.id],
    ["title", session.title],
    ["events", session.lastEventNumber.toLocaleString("en")],
    ["agent", session.agentId],
    ["workspace", session.workspaceId],
    ["stores", session.memoryStoreIds.join(", ")],
    ["tags", session.tags.join(", ")],
    ["metadata", metadataText(session.metadata)],
    ["of dream", session.dreamId],
    ["created", timeText(session.createdAt)],
    ["updated", timeText(session.updatedAt)],
    ["archived", session.archivedAt === undefined ? "" : timeText(session.archivedAt)],
  ]);
}

/** `"standup" (12 events)`, with its title on one line. */
export function sessionLabel({ title, lastEventNumber }: Session): string {
  return `${JSON.stringify(title)} (${count(Number(lastEventNumber), "event")})`;
}
