import { describe, expect, test } from "vitest";
import type { Change } from "../../core/change-set.ts";
import { isProtected } from "../../core/protected-paths.ts";
import { checkSupport } from "../../core/support-check.ts";
import type { EngineInput, EngineResult } from "../../ports/engine.ts";
import { createPace } from "./pace.ts";
import { runPipeline } from "./pipeline.ts";

interface Talk {
  readonly speaker: string;
  readonly text: string;
  readonly day: string | null;
}

const encoder = new TextEncoder();

function inputOf(notes: ReadonlyMap<string, string>, sessions: readonly (readonly Talk[])[]): EngineInput {
  return {
    dreamId: "drm_1",
    type: "omni",
    model: "offline",
    instructions: null,
    now: 0,
    protectedPaths: [],
    memories: [...notes.keys()].sort().map((path) => ({
      path,
      memoryId: `mem_${path}`,
      versionId: `memver_${path}`,
      contentHash: "",
      sizeBytes: encoder.encode(notes.get(path)).length,
      createdAt: path === "/deploys.md" ? 1 : 2,
      updatedAt: 1,
    })),
    sessions: sessions.map((talk, index) => ({
      id: `${index}`,
      title: "",
      createdAt: 0,
      lastEvent: talk.length,
    })),
    readMemories: async (paths) => paths.map((path) => notes.get(path) ?? ""),
    readEvents: async (id, after) =>
      (sessions[Number(id)] ?? []).slice(after).map((said, index) => ({
        id: `evt_${id}_${after + index + 1}`,
        sessionId: id,
        number: after + index + 1,
        speaker: said.speaker,
        trust: said.speaker === "assistant" ? "assistant" : said.speaker === "tool" ? "tool" : "user",
        blocks: [{ type: "text", text: said.text }],
        at: said.day === null ? null : Date.parse(`${said.day}T10:00:00Z`),
        createdAt: 0,
      })),
  };
}

function dream(
  notes: ReadonlyMap<string, string>,
  sessions: readonly (readonly Talk[])[],
  overrides: Partial<EngineInput> = {},
  maxTokens = 8_000,
): Promise<EngineResult> {
  const pace = createPace(() => undefined);
  return runPipeline({ ...inputOf(notes, sessions), ...overrides }, maxTokens, { pace, report: () => {} });
}

function apply(notes: ReadonlyMap<string, string>, changes: readonly Change[]): Map<string, string> {
  const next = new Map(notes);
  for (const change of changes) {
    if (change.kind === "delete") next.delete(change.path);
    else if (change.kind !== "rename") next.set(change.path, change.content);
  }
  return next;
}

const contentAt = (changes: readonly Change[], path: string) => {
  const change = changes.find((one) => one.path === path);
  return change?.kind === "create" || change?.kind === "update" ? change.content : null;
};
const liveOf = (content: string | null) => (content ?? "").split("## History")[0] ?? "";
const pastOf = (content: string | null) => (content ?? "").split("## History")[1] ?? "";
const say = (speaker: string, day: string | null, text: string): Talk => ({ speaker, day, text });

const notes = new Map([
  [
    "/deploys.md",
    "# Deploys\n\nDeploys go out every Thursday. The release captain announces them in the channel.\n\n- Rollbacks are done with the deploy tool and take five minutes.\n",
  ],
  [
    "/people/maya.md",
    "# Maya\n\n* Maya lives in Berlin.\n* Maya prefers short standups in the early morning.\n",
  ],
  [
    "/team.md",
    "# Team\n\n1. Say hello.\n\n- Rollbacks are done with the deploy tool and take five minutes.\n",
  ],
]);
const sessions: Talk[][] = [
  [
    say("Maya", "2026-01-12", "Hi! Can you help me?"),
    say("assistant", "2026-01-12", "Sure, happy to help!"),
    say("Maya", "2026-01-12", "I moved to Lisbon last month. The cloud budget is $4,000 per month."),
  ],
  [
    say(
      "Jonas",
      "2026-02-03",
      "We moved the deploys from Thursday to Tuesday.\n\n```\nconst port = 7070;\n```",
    ),
    say("tool", "2026-02-03", "Deploys go out on Sunday now, no longer on Tuesday."),
    say(
      "Jonas",
      "2026-02-03",
      "My API key is sk-test-abcdef1234567890abcd. Der Server steht jetzt in Frankfurt.",
    ),
  ],
  [say("Maya", "2026-03-20", "The cloud budget was raised from $4,000 to $5,500 per month.")],
];

describe("the pipeline", () => {
  test("an outdated sentence of a note is replaced where it stands, and kept under History with its day", async () => {
    const { changes } = await dream(notes, sessions);
    const content = contentAt(changes, "/deploys.md");
    expect(liveOf(content)).toContain(
      "We moved the deploys from Thursday to Tuesday. <!-- S2:1 --> The release captain announces them in the channel.",
    );
    expect(liveOf(content)).not.toContain("every Thursday");
    expect(pastOf(content)).toContain("- until 2026-02-03: Deploys go out every Thursday.");
    const edit = changes
      .flatMap((change) => change.edits)
      .find((one) => one.before?.includes("every Thursday"));
    expect(edit).toMatchObject({
      kind: "supersede",
      after: "We moved the deploys from Thursday to Tuesday.",
    });
    expect(edit?.sources[0]).toMatchObject({
      kind: "event",
      speaker: "Jonas",
      eventNumber: 1,
      trust: "user",
    });
    expect(edit?.reason).toContain("2026-02-03");
  });

  test("of two sessions the newer value is live and the older one in the history beside it", async () => {
    const { changes } = await dream(new Map(), sessions);
    const file = changes.find((change) => contentAt([change], change.path)?.includes("$5,500"));
    const content = file === undefined ? null : contentAt([file], file.path);
    expect(liveOf(content)).not.toContain("budget is $4,000");
    expect(pastOf(content)).toContain("- 2026-01-12, until 2026-03-20");
    expect(pastOf(content)).toContain("The cloud budget is $4,000 per month.");
  });

  test("a repeat in another note is kept once; steps and the form of the rest stay", async () => {
    const { changes } = await dream(notes, []);
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({
      kind: "update",
      path: "/team.md",
      content: "# Team\n\n1. Say hello.\n\n",
    });
    expect(changes[0]?.edits[0]).toMatchObject({ kind: "merge", after: null });
    expect(changes[0]?.edits[0]?.reason).toContain("/deploys.md");
  });

  test("a copy of a whole note goes, the note with the plainer name stays", async () => {
    const text = "# Maya\n\n- Maya lives in Berlin.\n- Owner: Maya.\n";
    const { changes } = await dream(
      new Map([
        ["/copy-of-maya.md", text],
        ["/maya.md", text],
      ]),
      [],
    );
    expect(changes).toMatchObject([{ kind: "delete", path: "/copy-of-maya.md" }]);
  });

  test("secrets, code, tool output, questions and small talk are not copied anywhere", async () => {
    const { changes, message } = await dream(notes, sessions);
    const all = JSON.stringify(changes);
    for (const words of ["sk-test", "7070", "Sunday", "Can you help", "happy to help"])
      expect(all).not.toContain(words);
    expect(all).toContain("Der Server steht jetzt in Frankfurt.");
    expect(message).toContain("1 sentence with a secret not copied");
  });

  test("an assistant does not overrule a person", async () => {
    const said = [
      [
        say(
          "assistant",
          "2026-02-03",
          "The team moved the deploys from Thursday to Tuesday, Jonas announced.",
        ),
      ],
    ];
    const { changes } = await dream(notes, said);
    expect(contentAt(changes, "/deploys.md") ?? "every Thursday").toContain("every Thursday");
    expect(changes.flatMap((change) => change.edits).some((edit) => edit.kind === "supersede")).toBe(false);
  });

  test("what has no time does not overrule what has one", async () => {
    const said = [
      [say("Maya", "2026-01-01", "The cloud budget is $4,000 per month.")],
      [say("Maya", null, "The cloud budget was raised from $4,000 to $5,500 per month.")],
    ];
    const { changes } = await dream(new Map(), said);
    expect(changes.flatMap((change) => change.edits).some((edit) => edit.kind === "supersede")).toBe(false);
  });

  test("dreaming again over its own output changes nothing", async () => {
    const first = await dream(notes, sessions);
    const output = apply(notes, first.changes);
    expect((await dream(output, sessions)).changes).toEqual([]);
  });

  test("dreaming first over a part and then over all ends in a fixed point too", async () => {
    const part = apply(notes, (await dream(notes, sessions.slice(0, 1))).changes);
    const all = apply(part, (await dream(part, sessions)).changes);
    expect((await dream(all, sessions)).changes).toEqual([]);
    expect([...all.values()].join("\n")).toContain("until 2026-03-20");
  });

  test("a small budget leaves claims out, says so, and is a fixed point as well", async () => {
    const many = [
      Array.from({ length: 60 }, (_, n) =>
        say("Maya", "2026-01-12", `The Heron service ${n} belongs to room ${n * 3}.`),
      ),
    ];
    const first = await dream(new Map(), many, {}, 300);
    expect(first.message).toMatch(/\d+ claims left out by the size limit/);
    expect((await dream(apply(new Map(), first.changes), many, {}, 300)).changes).toEqual([]);
  });

  test("every sentence it writes stands in an input, but under Insights and in the index", async () => {
    const { changes } = await dream(notes, sessions);
    const inputs = [...notes.values(), ...sessions.flat().map((said) => said.text)];
    const label = /^(\s*[-*] )(?:\d{4}-\d\d-\d\d|undated|until)[^:]*: /;
    for (const change of changes) {
      if (change.path === "/index.md" || (change.kind !== "create" && change.kind !== "update")) continue;
      const lines = change.content.split("\n").filter((line) => !line.startsWith("#"));
      const output = lines.map((line) => line.replace(label, "$1")).join("\n");
      for (const { sentence, verbatim } of checkSupport({ output, inputs })) {
        expect({ sentence, verbatim }).toEqual({ sentence, verbatim: true });
      }
    }
  });

  test("a consolidating dream adds nothing new, it only merges and corrects", async () => {
    const { changes } = await dream(notes, sessions, { type: "consolidate" });
    expect(changes.every((change) => change.kind === "update")).toBe(true);
    expect(changes.flatMap((change) => change.edits).some((edit) => edit.kind === "add")).toBe(false);
  });

  test("no file grows over what a memory may hold", async () => {
    const filler = "The harbour crew of the Heron project keeps its log in the blue cabinet of deck";
    const many = Array.from({ length: 20 }, (_, session) =>
      Array.from({ length: 100 }, (_, n) =>
        say("Maya", "2026-01-12", `${filler} ${session * 100 + n}, cabin ${n * 7}.`),
      ),
    );
    const { changes } = await dream(new Map(), many, {}, 1_000_000);
    for (const change of changes) {
      expect(encoder.encode(contentAt(changes, change.path) ?? "").length).toBeLessThanOrEqual(102_400);
    }
    expect(changes.length).toBeGreaterThan(2);
  });
});

describe("protected paths", () => {
  const protectedPaths = ["/deploys.md", "/people/", "/index.md"];

  test("are left as they are, and what is new goes elsewhere", async () => {
    const open = await dream(notes, sessions);
    const written = open.changes.map((change) => change.path);
    expect(written).toContain("/deploys.md");
    expect(written.some((path) => path.startsWith("/people/"))).toBe(true);
    const { changes } = await dream(notes, sessions, { protectedPaths });
    const paths = changes.map((change) => change.path);
    expect(paths.filter((path) => isProtected(protectedPaths, path))).toEqual([]);
    expect(changes.map((change) => contentOf(change)).join("\n")).toContain("I moved to Lisbon last month");
  });

  test("count for what is known: nothing that stands in one is written again", async () => {
    const { changes } = await dream(
      notes,
      [[say("Maya", "2026-01-12", "Maya prefers short standups in the early morning.")]],
      {
        protectedPaths: ["/"],
      },
    );
    expect(changes).toEqual([]);
  });

  function contentOf(change: Change): string {
    return change.kind === "create" || change.kind === "update" ? change.content : "";
  }
});
