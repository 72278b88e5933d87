import { describe, expect, test } from "vitest";
import { createDateAppender } from "./dates.ts";
import { plainText } from "./words.ts";

const friday = Date.UTC(2023, 4, 26, 23, 30);
const append = createDateAppender();

describe("dates", () => {
  test.each([
    ["We met last Friday.", "We met last Friday (2023-05-19)."],
    ["It broke yesterday, again.", "It broke yesterday (2023-05-25), again."],
    ["It was two weeks ago.", "It was two weeks ago (2023-05-12)."],
    ["We were away last weekend.", "We were away last weekend (2023-05-20..2023-05-21)."],
    ["It ships next month.", "It ships next month (2023-06)."],
    ["I moved two months ago.", "I moved two months ago (2023-03)."],
    ["It starts on March 2nd - early.", "It starts on March 2nd (2023-03-02) - early."],
    ["The fair is from 9 to 11 September.", "The fair is from 9 to 11 September (2023-09-09..2023-09-11)."],
  ])("%s", (sentence, dated) => {
    expect(append(sentence, friday)).toBe(dated);
  });

  test.each([
    "We deploy every Thursday.",
    "I have a class on Fridays.",
    "The standup is on Monday at 9:30.",
    "I stayed for five days.",
    "A few weeks ago it was fine.",
    "I may go to the sun.",
    "It is planned for 2023-06-01.",
    "It costs 10/12 of that.",
    "It happened two years ago.",
  ])("what is no sure date gets none: %s", (sentence) => {
    expect(append(sentence, friday)).toBe(sentence);
  });

  test("a word that would be torn apart is left alone", () => {
    expect(append("Thanks for tonight's dinner.", friday)).toBe("Thanks for tonight's dinner.");
  });

  test("with an unknown day nothing is appended", () => {
    expect(append("We met last Friday.", null)).toBe("We met last Friday.");
  });

  test("appending twice is appending once, and no word is changed", () => {
    const sentence = "We met last Friday and left yesterday.";
    const dated = append(sentence, friday);
    expect(append(dated, friday)).toBe(dated);
    expect(plainText(dated)).toBe(sentence);
  });
});
