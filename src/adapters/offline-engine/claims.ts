import type { SessionEvent } from "../../core/session.ts";
import type { AppendDates } from "./dates.ts";
import type { Mergeable } from "./merge.ts";
import { parseEvent } from "./parse.ts";
import { type Commonness, salienceOf } from "./salience.ts";
import type { SplitSentences } from "./sentences.ts";
import { type Features, featuresOf, type Said } from "./statement.ts";
import type { Stem } from "./words.ts";

/** One sentence that somebody said, and what became of it. */
export interface Statement extends Mergeable {
  /** Its words; never changed. */
  readonly text: string;
  /** The words with derived dates behind them. */
  readonly shown: string;
  readonly features: Features;
  readonly subject: string;
  /** When it was said, Unix milliseconds, or the best guess where the source does not tell. */
  readonly order: number;
  /** Counts all sentences of the dream as they were read. */
  readonly sequence: number;
  readonly codeShare: number;
  /** Everywhere it was said; the first is where its wording is from. */
  readonly said: [Said, ...Said[]];
  salience: number;
  /** Set when a newer statement took its place, and what it changed, in a word. */
  supersededBy: Statement | null;
  changed: string;
  /** Set when a newer statement may have changed it, but nobody can be sure. */
  followedBy: Statement | null;
}

/** What one event says that is worth keeping. */
export interface Claim {
  readonly said: Said;
  readonly order: number;
  statements: Statement[];
}

/** The tools a step needs, made once for each dream. */
export interface Toolbox {
  readonly split: SplitSentences;
  readonly stem: Stem;
  readonly appendDates: AppendDates;
}

export interface Extraction {
  readonly claims: Claim[];
  /** Sentences left out because they hold a secret. */
  secrets: number;
}

/** Adds what an event says to `into`, every sentence still with salience 0. Answers how many sentences that were. */
export function extractClaim(
  event: SessionEvent,
  place: { readonly sessionIndex: number; readonly order: number; readonly sequence: number },
  tools: Toolbox,
  commonness: Commonness,
  into: Extraction,
): number {
  const parsed = parseEvent(event, tools.split);
  into.secrets += parsed.secrets;
  if (parsed.sentences.length === 0) return 0;
  const statements = parsed.sentences.map((text, index): Statement => {
    const dated = tools.appendDates(text, event.at);
    // A date may not make two sentences of one: it would not be found again in a note.
    const shown = dated === text || tools.split(dated).length === 1 ? dated : text;
    const features = featuresOf(shown, tools.stem);
    commonness.add(features);
    return {
      text,
      shown,
      features,
      subject: features.self ? speakerSubject(event.speaker) : "",
      order: place.order,
      sequence: place.sequence + index,
      codeShare: parsed.codeShare,
      said: [saidOf(event, place.sessionIndex, text)],
      salience: 0,
      supersededBy: null,
      changed: "",
      followedBy: null,
    };
  });
  const said = saidOf(event, place.sessionIndex, "");
  into.claims.push({ said, order: place.order, statements });
  return statements.length;
}

/** Drops all that is not worth a memory. Every event must have been added to `commonness` before. */
export function weighClaim(claim: Claim, commonness: Commonness): void {
  for (const statement of claim.statements) {
    statement.salience = salienceOf(statement.text, statement.features, claim.said.trust, commonness);
  }
  claim.statements = claim.statements.filter((statement) => statement.salience > 0);
}

/** Whom "I" means. */
export function speakerSubject(speaker: string): string {
  const name = speaker.trim().toLowerCase();
  return /^(?:user|human|me)$/.test(name) ? "me:user" : `me:${name}`;
}

function saidOf(event: SessionEvent, sessionIndex: number, quote: string): Said {
  return {
    sessionIndex,
    sessionId: event.sessionId,
    eventNumber: event.number,
    eventId: event.id,
    speaker: event.speaker,
    trust: event.trust,
    at: event.at,
    quote,
  };
}
