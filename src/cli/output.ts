/** What commands write: lines, tables and JSON, in colours where there is a terminal for them. */

export type Paint = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

export interface Output {
  /** Whether a person looks at it as it appears. */
  readonly isTerminal: boolean;
  /** How wide text should be: the terminal's width within 40 and 100, else 100. */
  readonly columns: number;
  /** Writes the text as it is. */
  write(text: string): void;
  line(text?: string): void;
  /** The text in that colour or weight, or as it is where there are none. */
  paint(paint: Paint, text: string): string;
}

const codes: Readonly<Record<Paint, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

const widthMax = 100;
const widthMin = 40;

export interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export function createOutput(stream: OutputStream, options: { readonly color: boolean }): Output {
  const isTerminal = stream.isTTY === true;
  const colors = isTerminal && options.color;
  return {
    isTerminal,
    get columns() {
      // A terminal that does not know its width says 0.
      const columns = isTerminal ? (stream.columns ?? 0) : 0;
      return columns === 0 ? widthMax : Math.max(widthMin, Math.min(widthMax, columns));
    },
    write: (text) => void stream.write(text),
    line: (text = "") => void stream.write(`${text}\n`),
    paint(paint, text) {
      const [on, off] = codes[paint];
      return colors && text !== "" ? `\u001b[${on}m${text}\u001b[${off}m` : text;
    },
  };
}

/** An output that keeps what is written, e.g. to put it into a file. */
export function createTextOutput(): Output & { text(): string } {
  const parts: string[] = [];
  const output = createOutput({ write: (text) => parts.push(text) }, { color: false });
  return { ...output, columns: widthMax, text: () => parts.join("") };
}

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly align?: "right";
}

/** Columns as wide as their widest cell, two spaces apart; the last one is not padded. */
export function writeTable<Row>(out: Output, columns: readonly Column<Row>[], rows: readonly Row[]): void {
  const cells = rows.map((row) => columns.map(({ cell }) => oneLine(cell(row))));
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, at) =>
    [titles, ...cells].reduce((widest, row) => Math.max(widest, row[at]?.length ?? 0), 0),
  );
  const draw = (row: readonly string[]) =>
    columns
      .map(({ align }, at) => {
        const text = row[at] ?? "";
        if (align === "right") return text.padStart(widths[at] ?? 0);
        return at === columns.length - 1 ? text : text.padEnd(widths[at] ?? 0);
      })
      .join("  ")
      .trimEnd();
  out.line(out.paint("dim", draw(titles)));
  for (const row of cells) out.line(draw(row));
}

/** Names and what they are, one a line; those without a value are left out. */
export function writeFacts(out: Output, facts: readonly (readonly [name: string, value: string])[]): void {
  const width = Math.max(...facts.map(([name]) => name.length));
  for (const [name, value] of facts) {
    if (value !== "") out.line(`${name.padEnd(width)}  ${oneLine(value)}`);
  }
}

/** JSON for people on a terminal, on one line for programs. */
export function writeJson(out: Output, value: unknown): void {
  out.line(JSON.stringify(value, null, out.isTerminal ? 2 : undefined));
}

/** Text that others wrote, without the characters that could steer a terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, (found) => {
    if (found === "\n" || found === "\t") return found;
    // Joiners are part of words and emoji in many scripts.
    return found === "\u200c" || found === "\u200d" || found === "\u00ad" ? found : "\ufffd";
  });
}

export function oneLine(text: string): string {
  return printable(text).replaceAll(/\s+/g, " ").trim();
}

/** The text in lines of at most `width`, broken at spaces; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines;
}

/** `1 change`, `2 changes`; another plural where it is not made by an s. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}
