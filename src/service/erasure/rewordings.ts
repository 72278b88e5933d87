/** What other sources say of the same: an engine that met one thing said twice kept the newest wording. */
import { dayText } from "../../core/calendar.ts";
import type { Edit, Source } from "../../core/change-set.ts";
import type { Rewording } from "../../core/erasure.ts";
import { wordsOf } from "../../core/passages.ts";

export interface Rewordings {
  /** Looks at an edit of the dream, of whose sources some quote the target. */
  add(dreamId: string, edit: Edit, quoted: readonly Source[]): void;
  /** By fragment: the words of a source that one of these dreams met beside it, unless they go as well. */
  where(dreams: ReadonlySet<string>, goes: (text: string) => boolean): ReadonlyMap<string, Rewording>;
}

/** A quote of more than a line, or one that was cut short. */
const cutShort = /\n|…$/;
const similarEnough = 0.5;
const namelessSpeaker = /^(?:user|human|me)$/i;
const nameLength = 64;

export function createRewordings(): Rewordings {
  const found: { readonly dreamId: string; readonly fragment: string; readonly rewording: Rewording }[] = [];
  return {
    add(dreamId, edit, quoted) {
      // What was outdated is kept in a history, and says something else.
      if (edit.kind === "supersede") return;
      for (const other of edit.sources) {
        if (quoted.includes(other) || other.quote === "" || cutShort.test(other.quote)) continue;
        for (const fragment of fragmentsFor(edit, other, quoted)) {
          const label = other.kind === "event" ? labelOf(other) : null;
          found.push({ dreamId, fragment, rewording: { text: other.quote, label } });
        }
      }
    },
    where(dreams, goes) {
      const rewordings = new Map<string, Rewording>();
      for (const { dreamId, fragment, rewording } of found) {
        if (dreams.has(dreamId) && !rewordings.has(fragment) && !goes(rewording.text))
          rewordings.set(fragment, rewording);
      }
      return rewordings;
    },
  };
}

/** What the other source's words may stand for: a quote much like them, or a sentence into which they were worked. */
function fragmentsFor({ after }: Edit, other: Source, quoted: readonly Source[]): string[] {
  const words = wordsOf(other.quote);
  if (other.kind === "event") {
    const said = quoted.map(({ quote }) => wordsOf(quote));
    return said.filter((quote) => overlap(quote, words) >= similarEnough).map((quote) => quote.join(" "));
  }
  const written = wordsOf(after ?? "");
  const isPart = written.length > words.length && ` ${written.join(" ")} `.includes(` ${words.join(" ")} `);
  return isPart ? [written.join(" ")] : [];
}

/** Words in common over all words. */
function overlap(a: readonly string[], b: readonly string[]): number {
  const [left, right] = [new Set(a), new Set(b)];
  return left.intersection(right).size / Math.max(1, left.union(right).size);
}

function labelOf({ at, speaker }: Extract<Source, { kind: "event" }>): string {
  const day = dayText(at) ?? "undated";
  const name = speaker.replace(/[:\n\r<>]+/g, " ").trim();
  const isShown = name !== "" && name.length <= nameLength && !namelessSpeaker.test(name);
  return isShown ? `${day}, ${name}: ` : `${day}: `;
}
