import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultModelRoutes, resolveModel } from "./model-map.ts";

/** Whether a pattern fits a model name. */
function fits(pattern: string, model: string): boolean {
  try {
    return resolveModel([{ pattern, engine: "offline" }], model) === "offline";
  } catch {
    return false;
  }
}

describe("the model map", () => {
  test.each(["auto", "lite", "ultimate"])("serves %s without configuration and without a model", (model) => {
    expect(resolveModel(defaultModelRoutes, model)).toBe("offline");
  });

  test("refuses a name that is not configured, and lists what is", () => {
    expect(() => resolveModel(defaultModelRoutes, "gpt")).toThrowError(
      expect.objectContaining({
        kind: "invalid_argument",
        message: 'model: "gpt" is not configured here; configured: auto, lite, ultimate',
        details: { field: "model" },
      }),
    );
  });
});

describe("a pattern", () => {
  test.each([
    ["claude-*", "claude-opus"],
    ["claude-*", "claude-"],
    ["*", ""],
    ["*", "anything"],
    ["*-mini", "gpt-4-mini"],
    ["a*b*c", "a-b-b-c"],
    ["a*b*c", "abc"],
    ["**", "x"],
    ["a*bc*c", "abcc"],
  ])("%s fits %s", (pattern, model) => {
    expect(fits(pattern, model)).toBe(true);
  });

  test.each([
    ["auto", "Auto"],
    ["auto", "automatic"],
    ["claude-*", "xclaude-1"],
    ["ab*ba", "aba"],
    ["a*b*b", "ab"],
    ["a*c*b", "ab"],
    ["a*bc*c", "abc"],
    ["a.c", "abc"],
    ["", "x"],
  ])("%s does not fit %s", (pattern, model) => {
    expect(fits(pattern, model)).toBe(false);
  });

  test("fits what the same pattern as a regular expression fits", () => {
    const text = (unit: readonly string[]) => fc.string({ unit: fc.constantFrom(...unit), maxLength: 8 });
    fc.assert(
      fc.property(text(["a", "b", "*"]), text(["a", "b"]), (pattern, model) => {
        expect(fits(pattern, model)).toBe(new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(model));
      }),
      { numRuns: 2_000 },
    );
  });
});
