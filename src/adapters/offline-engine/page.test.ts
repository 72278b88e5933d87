import { describe, expect, test } from "vitest";
import { insertEntry, insertHistory } from "./page.ts";

const entry = (day: string, text: string) => `- ${day}: ${text} <!-- S1:1 -->\n`;

describe("adding entries", () => {
  test("a new file begins with its title", () => {
    const content = insertEntry(
      "",
      { heading: null, title: "Maya" },
      entry("2026-01-01", "A."),
      "2026-01-01",
    );
    expect(content).toBe("# Maya\n\n- 2026-01-01: A. <!-- S1:1 -->\n");
  });

  test("the newest stands first", () => {
    let content = "";
    for (const day of ["2026-01-02", "2026-01-01", "2026-01-03"]) {
      content = insertEntry(content, { heading: null, title: "M" }, entry(day, "x."), day);
    }
    expect(content.match(/2026-01-\d\d/g)).toEqual(["2026-01-03", "2026-01-02", "2026-01-01"]);
  });

  test("in a person's note entries stand in a section of their own, before the history", () => {
    const note = "# Maya\n\nMaya likes tea.\n\n## History\n\n- until 2025: old\n";
    const once = insertEntry(note, { heading: null, title: "Maya" }, entry("2026-01-01", "A."), "2026-01-01");
    const twice = insertEntry(
      once,
      { heading: null, title: "Maya" },
      entry("2026-01-02", "B."),
      "2026-01-02",
    );
    expect(twice).toBe(
      "# Maya\n\nMaya likes tea.\n\n## From sessions\n\n- 2026-01-02: B. <!-- S1:1 -->\n- 2026-01-01: A. <!-- S1:1 -->\n\n## History\n\n- until 2025: old\n",
    );
  });

  test("a file without an end of line, and one with CRLF, keep their form", () => {
    expect(insertHistory("# A\n\ntext", "A", "- until 2026-01-01: x\n")).toBe(
      "# A\n\ntext\n\n## History\n\n- until 2026-01-01: x\n",
    );
    expect(insertHistory("# A\r\n\r\ntext\r\n", "A", "- x\n")).toBe(
      "# A\r\n\r\ntext\r\n\r\n## History\r\n\r\n- x\r\n",
    );
  });

  test("a heading in a code block is no heading", () => {
    const note = "# A\n\n```\n## History\n```\n";
    expect(insertHistory(note, "A", "- x\n")).toBe("# A\n\n```\n## History\n```\n\n## History\n\n- x\n");
  });
});
