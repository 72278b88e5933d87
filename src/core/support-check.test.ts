import { describe, expect, test } from "vitest";
import { checkSupport } from "./support-check.ts";

const inputs = [
  "We moved the deploy day from Thursday to Tuesday. Maya runs it.",
  "The cloud budget is 5,100 euros a month, says Jonas from Nordsund.",
];
const judge = (output: string) => checkSupport({ output, inputs })[0];

describe("support check", () => {
  test("a sentence that stands in an input is supported, but for case, marks and derived dates", () => {
    expect(judge("we moved the deploy day from Thursday to Tuesday (2026-03-02).")).toMatchObject({
      supported: true,
      verbatim: true,
    });
  });

  test("comments, headings and list marks are no part of a sentence", () => {
    const all = checkSupport({
      output: "## Maya\n\n- Maya runs it. <!-- S3:12 -->\n- Maya runs it. <!-- S4:1 -->\n",
      inputs,
    });
    expect(all.map((one) => one.supported)).toEqual([true, true, true]);
  });

  test("other words for the same pass while names and numbers stand", () => {
    expect(judge("The cloud budget is 5100 euros a month.")?.verbatim).toBe(true);
    expect(judge("The budget of the cloud is 5100 euros.")).toMatchObject({
      supported: true,
      verbatim: false,
    });
  });

  test.each([
    ["Priya moved the deploy day to Tuesday with Maya and Oskar.", ["Oskar"]],
    ["The budget of Travenau is in euros.", ["Travenau"]],
  ])("an invented name is caught: %s", (output, names) => {
    const found = judge(output);
    expect(found?.supported).toBe(false);
    expect(found?.unseenNames).toEqual(names);
  });

  test.each([
    "The cloud budget is 5,200 euros a month.",
    "The cloud budget is 51 euros a month.",
    "The cloud budget is five euros a month.",
  ])("a changed number is caught: %s", (output) => {
    expect(judge(output)?.supported).toBe(false);
    expect(judge(output)?.unseenNumbers).toHaveLength(1);
  });

  test("a foreign fact is caught", () => {
    expect(judge("The cat sleeps on the warm kitchen floor.")?.supported).toBe(false);
  });

  test("no output has no sentences", () => {
    expect(checkSupport({ output: "", inputs })).toEqual([]);
  });
});
