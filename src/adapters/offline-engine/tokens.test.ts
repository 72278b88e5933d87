import { expect, test } from "vitest";
import { estimateTokens } from "./tokens.ts";

// Counted with the o200k vocabulary once; the estimate may never be less.
test.each([
  ["We moved the deploy day from Thursday to Tuesday, starting this week.", 13],
  [
    "Wir haben den Deploy von Donnerstag auf Dienstag verschoben, weil die Kollegen am Freitag keine Bereitschaft haben.",
    21,
  ],
  ["Мы перенесли релиз на вторник, потому что в пятницу никто не дежурит.", 21],
  ["我们把部署从星期四改到星期二。", 11],
  ["Przenieśliśmy wdrożenie na wtorek, bo w piątek nikt nie ma dyżuru.", 25],
  ["มีการเปลี่ยนวันปล่อยรุ่นเป็นวันอังคาร", 15],
])("never less than o200k counts: %s", (text, counted) => {
  expect(estimateTokens(text)).toBeGreaterThanOrEqual(counted);
  expect(estimateTokens(text)).toBeLessThanOrEqual(counted * 6);
});

test("no text is no token, and more text is never fewer", () => {
  expect(estimateTokens("")).toBe(0);
  expect(estimateTokens("deploys")).toBeLessThan(estimateTokens("deploys go out on Tuesday"));
});
