import { expect, test } from "vitest";
import { valuesOf } from "./values.ts";
import { createStemmer, wordsOf } from "./words.ts";

const stem = createStemmer();
const values = (text: string) =>
  valuesOf(text, wordsOf(text), stem).map(({ type, unit, amount }) => `${type} ${unit} ${amount}`);

test.each([
  ["It costs $4,000 a month.", ["money money 4000"]],
  ["It costs 4,000 euros.", ["money money 4000"]],
  ["We deploy on Thursdays at 10:30.", ["clock clock 10:30", "weekday weekday thursday"]],
  ["I do yoga three times a week.", ["frequency frequency 3/week"]],
  ["I do yoga twice a week.", ["frequency frequency 2/week"]],
  ["We use Postgres 17 now.", ["named postgr 17"]],
  ["We upgraded Postgres from 15 to 17 yesterday.", ["named postgr 17"]],
  ["Staging runs on port 8080.", ["named port 8080"]],
  ["I own four bikes.", ["count bike 4"]],
  ["It takes 20 minutes.", ["duration minut 20"]],
  ["CPU is at 45 %.", ["percent percent 45"]],
  ["It is due on 30 June.", ["date date june 30"]],
])("%s", (text, expected) => {
  expect(values(text)).toEqual(expected);
});

test.each(["a 5-gallon tank", "pre-1920 coins", "my 50mm lens", "back in 2019 we left"])(
  "what only describes is no value: %s",
  (text) => {
    expect(values(text)).toEqual([]);
  },
);
