/** A story whose one session is erased: what is said, by whom, and what dreams and agents made of it. */
import { type DreamTold, put, type Told, tellDream, tellSession, tellStore } from "./teller.ts";

/** Words that only the session says that is erased; in none of their forms may any be left. */
export const onlyWords = [
  "zorblax",
  "quillfeather",
  "marmoset",
  "vantablue",
  "xk77",
  "yttrium",
  "ostrander",
  "pumpernickel",
];

const notes = {
  "/team.md":
    "# Team\r\n\r\n- Maya leads the platform team.\r\n- Standup is at 9:15 UTC.\r\n\r\nThe team likes short meetings. Nobody likes long ones.\r\n",
  "/harbour.md": "# Harbour\n\n- The harbour office opens at seven.\n- The canary runs for 20 minutes.\n",
};

export interface Story {
  readonly input: string;
  /** A store that no dream reads. */
  readonly unrelated: string;
  readonly erased: string;
  readonly others: readonly string[];
  readonly dreams: readonly DreamTold[];
}

/** Tells it: dreams over notes, over what came out of them and into a store in place; agents in between. */
export async function tellStory(told: Told): Promise<Story> {
  const input = await tellStore(told, "notes", notes);
  const unrelated = await tellStore(told, "private", {
    "/mine.md": "# Mine\n\n- The crane on the east pier is broken again.\n",
  });
  const erased = await tellSession(told, {
    title: "Call with Zorblax",
    tags: ["pumpernickel"],
    metadata: { place: "ostrander" },
    day: "2026-03-04",
    lines: [
      ["Zorblax", "I live in Quillfeather since last Friday. My partner keeps a marmoset."],
      ["Zorblax", "We deploy the scanner app every Tuesday at 14:00."],
      ["Zorblax", "The ferry line agreed to the new contract in the spring of vantablue."],
      ["Zorblax", "The license plate of the delivery van is XK77."],
      ["Zorblax", "The canary runs for 45 minutes from now on, says yttrium."],
      ["Zorblax", "The crane on the east pier is broken again."],
      ["Maya", "My friend Zorblax prefers mails to calls."],
      ["Maya", "The backup server stands in the cellar now, next to the yttrium shelf."],
    ],
  });
  const second = await tellSession(told, {
    day: "2026-03-03",
    lines: [
      ["Maya", "We deploy the scanner app every Tuesday at 14:00."],
      ["Maya", "I moved to Leeds and work from nine to five."],
      ["Ines", "The ferry line agreed to the new contract in the spring."],
      ["Ines", "The database moved to the new cluster in Frankfurt."],
    ],
  });
  const third = await tellSession(told, {
    day: "2026-03-06",
    lines: [
      ["Tomasz", "I am allergic to peanuts, so no peanut snacks please."],
      ["Tomasz", "The offsite is planned for June in Porto."],
      ["Ines", "The support phone is off on Sundays."],
    ],
  });
  const first = await tellDream(told, input, [second, erased, third]);
  const made = first.outputStoreId;
  await put(told, made, {
    "/agent.md": "# Agent\n\n- Remember to water the plants in the lobby.\n",
    "/people/zorblax.md": "- The lobby has new plants since Monday.\n",
  });
  const fourth = await tellSession(told, {
    day: "2026-03-09",
    lines: [
      ["Ines", "The support phone is off on Mondays, too."],
      ["Ines", "I joined the customer team in Porto."],
    ],
  });
  const copy = await tellDream(told, made, [fourth]);
  const place = await tellStore(told, "in place", {
    "/log.md": "# Log\n\n- The log begins in March with the storm.\n",
  });
  const written = await tellDream(told, place, [erased, third], true);
  const again = await tellDream(told, place, [fourth], true);
  return {
    input,
    unrelated,
    erased,
    others: [second, third, fourth],
    dreams: [first, copy, written, again],
  };
}
