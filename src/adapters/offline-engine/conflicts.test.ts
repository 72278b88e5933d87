import { describe, expect, test } from "vitest";
import { judge } from "./conflicts.ts";
import { featuresOf } from "./statement.ts";
import { createStemmer } from "./words.ts";

const stem = createStemmer();
function verdict(olderText: string, newerText: string, technical = false) {
  return (
    judge({
      older: featuresOf(olderText, stem),
      newer: featuresOf(newerText, stem),
      olderContext: new Set(),
      olderText,
      newerText,
      olderSelf: "maya",
      newerSelf: "maya",
      technical,
    })?.kind ?? null
  );
}

describe("a newer statement surely replaces", () => {
  test.each([
    ["Deploys go out on Thursday afternoons.", "We moved the deploys from Thursday to Tuesday."],
    ["Postgres 15 is used in production.", "We upgraded Postgres from 15 to 17."],
    ["The canary runs for 20 minutes.", "The canary runs for 45 minutes from now on."],
    ["The on-call rotation is one week long.", "From today the on-call rotation is two weeks long."],
    ["I live in Berlin.", "By the way, I moved to Lisbon last month."],
    ["Maya lives in Berlin.", "I live in Lisbon now."],
    ["Maya works in the billing team.", "I switched to the payments team."],
    ["The contact at Nordsund is Kerstin Aaby.", "The contact at Nordsund is Olav Brekke now."],
    ["Metrics are kept for 30 days.", "Metrics are kept for 90 days now instead of 30."],
  ])("%s → %s", (older, newer) => {
    expect(verdict(older, newer)).toBe("supersede");
  });
});

describe("when unsure both stay", () => {
  test.each([
    ["Deploys go out on Thursday.", "Maybe we should move the deploys from Thursday to Tuesday."],
    ["The build takes 5 minutes.", "The integration tests now take 3 minutes."],
    ["I live in Berlin.", "I live in a hotel in Rome this week."],
    ["I live in Berlin.", "I'm thinking about moving; if I moved to Lisbon it would be warm."],
    ["She lives in Porto.", "She lives in Hamburg."],
    ["Jonas lives in Berlin.", "Priya lives in Hamburg."],
    [
      "We met the customer on 3 March about the contract.",
      "We met the customer on 9 April about the contract.",
    ],
    [
      "The gala on September 25 was a great experience.",
      "The service on March 15 was a great experience, just now.",
    ],
    ["The deploy moved from Thursday to Tuesday.", "The deploy went out on Tuesday like now every week."],
  ])("%s | %s", (older, newer) => {
    expect(verdict(older, newer)).not.toBe("supersede");
  });

  test("in talk full of code only a named old value is sure", () => {
    const older = "The worker pool keeps 8 connections open.";
    expect(verdict(older, "The worker pool keeps 16 connections open now.", true)).not.toBe("supersede");
    expect(verdict(older, "The worker pool keeps 16 connections open instead of 8.", true)).toBe("supersede");
  });
});

test("a change without a word that says so is shown as a timeline", () => {
  expect(verdict("I do yoga twice a week in the park.", "I do yoga three times a week in the park.")).toBe(
    "timeline",
  );
});
