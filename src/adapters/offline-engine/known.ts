import { dayText } from "../../core/calendar.ts";
import type { Statement } from "./claims.ts";
import { createNearIndex } from "./merge.ts";
import type { Note, NoteSentence } from "./note.ts";

/** What the store holds already. */
export interface Known {
  /** The sentence of a note that says the same, live or in its history; null when it is new. */
  find(statement: Statement): NoteSentence | null;
}

/**
 * A statement is known when a note says it in the same words, or says the same. One that stands in a history only is known too,
 * unless it was said again after it had been out of date.
 */
export function createKnown(notes: readonly Note[]): Known {
  const live = new Map<string, NoteSentence>();
  const past = new Map<string, NoteSentence[]>();
  const near = createNearIndex<NoteSentence>();
  for (const note of notes) {
    for (const sentence of note.sentences) {
      const key = keyOf(sentence.features);
      if (sentence.block.section === "live") {
        if (!live.has(key)) live.set(key, sentence);
        near.add(sentence);
      } else if (sentence.block.section === "history") {
        past.set(key, [...(past.get(key) ?? []), sentence]);
      }
    }
  }
  return {
    find(statement) {
      const key = keyOf(statement.features);
      const standing = live.get(key);
      if (standing !== undefined) return standing;
      const said = dayText(statement.said[0].at);
      for (const old of past.get(key) ?? []) {
        const until = old.block.until;
        if (said === null || until === null || said <= until) return old;
      }
      return near.find(statement);
    },
  };
}

function keyOf(features: { readonly key: string; readonly dates: string }): string {
  return features.key + features.dates;
}
