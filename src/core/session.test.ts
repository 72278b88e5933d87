import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { eventText, lowestTrust, trusts } from "./session.ts";

describe("the lowest trust", () => {
  test("orders user over assistant over imported over tool", () => {
    expect(lowestTrust(["user", "assistant"])).toBe("assistant");
    expect(lowestTrust(["assistant", "imported"])).toBe("imported");
    expect(lowestTrust(["imported", "tool"])).toBe("tool");
  });

  test("of nothing is imported: no claim without a source speaks for a person", () => {
    expect(lowestTrust([])).toBe("imported");
  });

  test("is the same in any order, and one of those given", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...trusts), { minLength: 1 }), (all) => {
        expect(lowestTrust(all)).toBe(lowestTrust(all.toReversed()));
        expect(all).toContain(lowestTrust(all));
        expect(lowestTrust([...all, "tool"])).toBe("tool");
      }),
    );
  });
});

describe("the words of an event", () => {
  test("are its texts and tool results, without what a tool was asked and what has no words", () => {
    const text = eventText({
      blocks: [
        { type: "text", text: "Look it up." },
        { type: "tool_use", toolUseId: "t1", name: "search", input: '{"q":"secret plan"}' },
        { type: "tool_result", toolUseId: "t1", text: "Found.", isError: false },
        { type: "other", description: "an image" },
      ],
    });
    expect(text).toBe("Look it up.\n\nFound.");
  });

  test("of an event without blocks are none", () => {
    expect(eventText({ blocks: [] })).toBe("");
  });
});
