const pieces = /\p{Script=Latin}+|\p{N}+|[ \t]+|\n+|[^\p{Script=Latin}\p{N}\s]/gu;
const encoder = new TextEncoder();

/**
 * An estimate of the o200k tokens of a text that aims never to be less. Words of Latin letters are taken as longer
 * than they mostly are, every mark counts, and in other scripts every letter counts by its bytes.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (const [piece] of text.matchAll(pieces)) {
    const first = piece.codePointAt(0) ?? 0;
    if (first <= 0x20) tokens += piece.length > 1 || first !== 0x20 ? 1 : 0;
    else if (/^\p{N}/u.test(piece)) tokens += Math.ceil(piece.length / 3);
    else if (/^\p{Script=Latin}/u.test(piece)) tokens += latinTokens(piece);
    else if (first < 0x80) tokens += 1;
    else tokens += Math.max(1, Math.ceil(encoder.encode(piece).length / 2));
  }
  return tokens;
}

function latinTokens(word: string): number {
  if (/[^\x20-\x7e]/.test(word)) return Math.max(2, Math.ceil(word.length / 2));
  if (word.length <= 6) return 1;
  return word.length <= 9 ? 2 : Math.ceil(word.length / 4);
}
