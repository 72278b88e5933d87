import { ReveriedError } from "../../core/errors.ts";
import type { EngineInput, EngineMemory } from "../../ports/engine.ts";
import { type Claim, type Extraction, extractClaim, type Toolbox, weighClaim } from "./claims.ts";
import { type Note, readNote } from "./note.ts";
import type { Pace } from "./pace.ts";
import { createCommonness } from "./salience.ts";

const pathsPerRead = 200;
const bytesPerRead = 2_000_000;

export interface Reading {
  readonly claims: Claim[];
  readonly eventsRead: number;
  /** Sentences left out because they hold a secret. */
  readonly secrets: number;
}

/** Reads every session to its frozen end. `tell` hears how many events were read. */
export async function readSessions(
  input: EngineInput,
  tools: Toolbox,
  pace: Pace,
  tell: (done: number) => void,
): Promise<Reading> {
  const commonness = createCommonness();
  const into: Extraction = { claims: [], secrets: 0 };
  let eventsRead = 0;
  let sequence = 0;
  for (const [index, session] of input.sessions.entries()) {
    let after = 0;
    let order = session.createdAt;
    while (after < session.lastEvent) {
      await pace.look();
      const page = await input.readEvents(session.id, after);
      if (page.length === 0) break;
      for (const event of page) {
        await pace.step();
        // A page that does not go on would be read for ever.
        if (event.number <= after)
          throw new ReveriedError("internal", `session ${session.id} repeats event ${event.number}`);
        after = event.number;
        if (after > session.lastEvent) break;
        // What tells no time of its own was said after what came before it.
        order = event.at ?? order;
        const place = { sessionIndex: index + 1, order, sequence };
        sequence += extractClaim(event, place, tools, commonness, into);
        eventsRead += 1;
      }
      tell(eventsRead);
    }
  }
  for (const claim of into.claims) {
    await pace.step();
    weighClaim(claim, commonness);
  }
  const claims = joinFollowUps(into.claims.filter((claim) => claim.statements.length > 0));
  return { claims, eventsRead, secrets: into.secrets };
}

// "She moved to Chicago." says nothing alone: it goes with what the same speaker said just before.
function joinFollowUps(claims: readonly Claim[]): Claim[] {
  const joined: Claim[] = [];
  for (const claim of claims) {
    const before = joined.at(-1);
    const follows =
      before !== undefined &&
      before.said.sessionId === claim.said.sessionId &&
      before.said.speaker === claim.said.speaker &&
      claim.said.eventNumber - before.said.eventNumber <= 2 &&
      pointsBack.test(claim.statements[0]?.text ?? "");
    if (follows) before.statements.push(...claim.statements);
    else joined.push(claim);
  }
  return joined;
}

const pointsBack = /^(?:he|she|they|it|this|that|these|those|both|his|her|their|its)\b/i;

/** Reads every memory, a bounded number of bytes at a time. */
export async function readNotes(
  input: EngineInput,
  tools: Toolbox,
  pace: Pace,
  tell: (done: number) => void,
): Promise<Note[]> {
  const notes: Note[] = [];
  for (const batch of batchesOf(input.memories)) {
    await pace.look();
    const texts = await input.readMemories(batch.map((memory) => memory.path));
    for (const [index, memory] of batch.entries()) {
      const text = texts[index];
      if (text === undefined)
        throw new ReveriedError("internal", `no text for memory ${JSON.stringify(memory.path)}`);
      await pace.step();
      notes.push(readNote(memory, text, tools));
    }
    tell(notes.length);
  }
  return notes;
}

function batchesOf(memories: readonly EngineMemory[]): EngineMemory[][] {
  const batches: EngineMemory[][] = [];
  let bytes = 0;
  for (const memory of memories) {
    const open = batches.at(-1);
    if (open === undefined || open.length === pathsPerRead || bytes + memory.sizeBytes > bytesPerRead) {
      batches.push([memory]);
      bytes = memory.sizeBytes;
    } else {
      open.push(memory);
      bytes += memory.sizeBytes;
    }
  }
  return batches;
}
