/** Sentences of prose. The locale is fixed: the same text gives the same sentences on every machine. */

// The segmenter splits after these; what follows still belongs to the sentence.
const openAbbreviation =
  /(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|e\.g|i\.e|vs|approx|ca|no|fig|inc|dept|z\.b|bzw|usw|ca|nr|d\.h)\.\s*$/i;

export interface Span {
  readonly text: string;
  /** Offsets into the text that was given. */
  readonly start: number;
  readonly end: number;
}

export type SplitSentences = (text: string) => Span[];

/** A splitter; making one loads the rules of the language, so one serves a whole dream. */
export function createSentenceSplitter(): SplitSentences {
  const segmenter = new Intl.Segmenter("en", { granularity: "sentence" });
  return (text) => {
    const spans: Span[] = [];
    let start = 0;
    let open = false;
    for (const { segment, index } of segmenter.segment(text)) {
      if (!open) start = index;
      const end = index + segment.length;
      open = openAbbreviation.test(text.slice(Math.max(start, end - 12), end));
      if (!open) pushTrimmed(spans, text, start, end);
    }
    if (open) pushTrimmed(spans, text, start, text.length);
    return spans;
  };
}

function pushTrimmed(spans: Span[], text: string, start: number, end: number): void {
  const piece = text.slice(start, end);
  const trimmed = piece.trim();
  if (trimmed === "") return;
  const from = start + piece.indexOf(trimmed);
  spans.push({ text: trimmed, start: from, end: from + trimmed.length });
}
