/** Why this exists: the engine's error for broken JSON names no line in most cases, and quotes the text in others. */

type Expected = "value" | "value or close" | "key" | "key or close" | "colon" | "comma or close" | "end";

const space = /[ \t\n\r]*/y;
const escapeToken = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const scalarToken = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w.+-])/y;

/** The line, from 1, in which a text stops being JSON; its last line when it only ends too early. */
export function jsonFaultLine(text: string): number {
  let line = 1;
  const end = faultOffset(text);
  for (let lf = text.indexOf("\n"); lf !== -1 && lf < end; lf = text.indexOf("\n", lf + 1)) line += 1;
  return line;
}

function faultOffset(text: string): number {
  const open: ("[" | "{")[] = [];
  let expected: Expected = "value";
  let at = skip(space, text, 0);
  while (at < text.length) {
    const char = text[at] ?? "";
    const after: { next: Expected; to: number } | null = step(text, at, char, expected, open);
    if (after === null) return at;
    expected = after.next;
    at = skip(space, text, after.to);
  }
  return text.trimEnd().length;
}

/** What may follow the token at a place, and where it ends; null when no such token may stand there. */
function step(
  text: string,
  at: number,
  char: string,
  expected: Expected,
  open: ("[" | "{")[],
): { next: Expected; to: number } | null {
  const closes = (char === "]" && open.at(-1) === "[") || (char === "}" && open.at(-1) === "{");
  if (closes && expected.endsWith("or close")) {
    open.pop();
    return { next: open.length === 0 ? "end" : "comma or close", to: at + 1 };
  }
  if (expected === "comma or close") {
    return char === "," ? { next: open.at(-1) === "{" ? "key" : "value", to: at + 1 } : null;
  }
  if (expected === "colon") return char === ":" ? { next: "value", to: at + 1 } : null;
  if (expected === "key" || expected === "key or close") {
    const to = stringEnd(text, at);
    return to === at ? null : { next: "colon", to };
  }
  if (expected === "end") return null;
  if (char === "[" || char === "{") {
    open.push(char);
    return { next: char === "[" ? "value or close" : "key or close", to: at + 1 };
  }
  const to = char === '"' ? stringEnd(text, at) : skip(scalarToken, text, at);
  return to === at ? null : { next: open.length === 0 ? "end" : "comma or close", to };
}

/** Where a match of a sticky pattern ends, or where it should have begun when there is none. */
function skip(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

/** Where a string that begins at a place ends, or the place when none does. A loop: a pattern overflows on long strings. */
function stringEnd(text: string, at: number): number {
  if (text[at] !== '"') return at;
  for (let index = at + 1; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === 0x22) return index + 1;
    if (code < 0x20) return at;
    if (code !== 0x5c) continue;
    const end = skip(escapeToken, text, index);
    if (end === index) return at;
    index = end - 1;
  }
  return at;
}
