import { execFileSync } from "node:child_process";
import { readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { sparseFile } from "./cli-bad-folders.ts";
import { examples, type ServedFolder, servedFolder, startCli } from "./cli-process.ts";

const talks = join(examples, "conversations");
const line = (speaker: string, text: string, more: object = {}) =>
  `${JSON.stringify({ speaker, text, ...more })}\n`;

interface Imported {
  readonly id: string;
  readonly title: string;
  readonly events: number;
}

/** Imports a file of these lines and answers with the sessions made. */
async function imported(at: ServedFolder, name: string, text: string, ...more: readonly string[]) {
  const file = join(at.path, name);
  await writeFile(file, text);
  const { code, stdout, stderr } = await at.run("sessions", "import", file, ...more, "--json");
  expect(stderr).toBe("");
  expect(code).toBe(0);
  return stdout
    .trim()
    .split("\n")
    .map((one) => JSON.parse(one) as Imported);
}

interface Shown {
  readonly session: { readonly tags: string[]; readonly agentId: string };
  readonly events: readonly {
    readonly number: string;
    readonly speaker: string;
    readonly trust: string;
    readonly saidAt?: string;
    readonly blocks: readonly unknown[];
  }[];
}

async function show(at: ServedFolder, id: string): Promise<Shown> {
  return (await at.json("sessions", "show", id, "--events", "1000000")) as Shown;
}

function said({ events }: Shown) {
  return events.map(({ speaker, trust, saidAt, blocks }) => ({ speaker, trust, saidAt, blocks }));
}

describe("transcripts", () => {
  test("become sessions, one line each, that lists find and show tells", async () => {
    await using at = await servedFolder();
    const files = (await readdir(talks)).map((name) => join(talks, name));
    const result = await at.run(
      "sessions",
      "import",
      ...files,
      "--agent",
      "bosun",
      "--tag",
      "demo",
      "spring",
    );
    expect(result.code).toBe(0);
    const lines = result.stdout.trim().split("\n");
    expect(lines.length).toBeGreaterThanOrEqual(files.length);
    for (const one of lines) expect(one).toMatch(/^sesn_\w+ {2}.+ {2}\d+ events?$/);

    const listed = await at.run("sessions", "list", "--agent", "bosun", "--tag", "spring", "--limit", "100");
    expect(listed.stdout.trim().split("\n")).toHaveLength(lines.length + 1);
    expect((await at.run("sessions", "list", "--tag", "autumn")).stdout).toBe("There are no sessions.\n");
    expect((await at.run("sessions", "list", "--limit", "2")).stdout).toContain("and more; see --limit");

    const shown = await at.run("sessions", "show", lines[0]?.split(" ")[0] ?? "", "--events", "3");
    expect(shown.stdout).toMatch(/^tags +demo, spring$/m);
    expect(shown.stdout).toMatch(/^3 {2}\S/m);
    expect(shown.stdout).not.toMatch(/^4 {2}\S/m);
    expect(shown.stdout).toContain("and more; see --events, and --after 3");
    expect(Math.max(...shown.stdout.split("\n").map(({ length }) => length))).toBeLessThanOrEqual(100);
  });

  test("come back from a session as lines that can be read again", async () => {
    await using at = await servedFolder();
    const text =
      line("Maya", "The ferry\r\nleaves at 7:40. 🚢", { at: "2026-03-02T09:15:00.250Z", title: "Ferry" }) +
      line("assistant", "Noted.") +
      line("Bosun", "Always.", { role: "assistant" }) +
      line("user", '[1] {not} "JSON"', { role: "tool" });
    const [first] = await imported(at, "a.jsonl", text);
    expect(first).toMatchObject({ title: "Ferry", events: 4 });
    const out = await at.run("sessions", "export", first?.id ?? "", "--out", "out.jsonl");
    expect(out.stdout).toBe("Written: 4 lines of 4 events in out.jsonl\n");
    const [second] = await imported(at, "b.jsonl", await readFile(join(at.path, "out.jsonl"), "utf8"));
    expect(second).toMatchObject({ title: "Ferry", events: 4 });
    const events = said(await show(at, second?.id ?? ""));
    expect(events).toEqual(said(await show(at, first?.id ?? "")));
    expect(events.map(({ trust }) => trust.slice(6))).toEqual(["USER", "ASSISTANT", "ASSISTANT", "TOOL"]);

    const again = await at.run("sessions", "export", first?.id ?? "", "--out", "out.jsonl");
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("is there already") });
    expect((await at.run("sessions", "export", first?.id ?? "", "--out", "out.jsonl", "--force")).code).toBe(
      0,
    );
  });

  test("with calls of tools are shown with them and exported without, which is told", async () => {
    await using at = await servedFolder();
    const messages = [
      { role: "user", content: "What is the tide?" },
      {
        role: "assistant",
        content: [
          { type: "text", text: "I look." },
          { type: "tool_use", id: "t1", name: "tide", input: { port: "Leith" } },
        ],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: "High at 6:10." }] },
    ];
    const [session] = await imported(at, "tools.json", JSON.stringify(messages));
    const shown = await at.run("sessions", "show", session?.id ?? "");
    expect(shown.stdout).toMatch(/^ {4}\[calls tide\] \{"port":"Leith"\}$/m);
    expect(shown.stdout).toMatch(/^ {4}\[result\] High at 6:10\.$/m);
    const out = await at.run("sessions", "export", session?.id ?? "", "--out", "out.jsonl");
    expect(out.stderr).toContain("left out: 2 tool calls, results or images");
    expect(out.stdout).toBe("Written: 2 lines of 3 events in out.jsonl\n");
    expect(await readFile(join(at.path, "out.jsonl"), "utf8")).not.toContain("Leith");
  });

  test("longer than one call may append arrive whole", async () => {
    await using at = await servedFolder();
    const text = Array.from({ length: 1_201 }, (_, number) => line("Ann", `Locker ${number}.`)).join("");
    const [session] = await imported(at, "long.jsonl", text, "--title", "Lockers");
    expect(session).toMatchObject({ title: "Lockers", events: 1_201 });
    const { events } = await show(at, session?.id ?? "");
    expect(events.map(({ number }) => Number(number))).toEqual(
      Array.from({ length: 1_201 }, (_, number) => number + 1),
    );
  });
});

describe("transcripts that are wrong", () => {
  test("are refused in one line before any session is made", { timeout: 120_000 }, async () => {
    await using at = await servedFolder();
    const file = (name: string) => join(at.path, name);
    await writeFile(file("good.jsonl"), line("Ann", "Hello."));
    await writeFile(file("bad.jsonl"), `${line("Ann", "Hello.").repeat(1_000)}{`);
    await writeFile(file("zero.jsonl"), "a\0b");
    await writeFile(file("latin.jsonl"), Buffer.from(line("Ann", "für"), "latin1"));
    await writeFile(file("empty.jsonl"), "");
    await writeFile(
      file("two.jsonl"),
      line("Ann", "a", { session: "1" }) + line("Ann", "b", { session: "2" }),
    );
    await sparseFile(file("hole.jsonl"), "");
    await sparseFile(file("half.jsonl"), line("Ann", "Hello. ".repeat(20)));
    await symlink("loop.jsonl", file("loop.jsonl"));
    execFileSync("mkfifo", [file("pipe.jsonl")]);
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [["bad.jsonl"], /bad\.jsonl:1001: the line is not valid JSON/],
      [["zero.jsonl"], /zero\.jsonl: is binary or UTF-16/],
      [["latin.jsonl"], /latin\.jsonl:1: byte 26 of the file .* is not UTF-8/],
      [["empty.jsonl"], /empty\.jsonl: is empty/],
      [["hole.jsonl"], /hole\.jsonl: is binary or UTF-16/],
      [["half.jsonl"], /half\.jsonl:2: the line is longer than 16777216 bytes/],
      [["loop.jsonl"], /loop\.jsonl: is a symbolic link/],
      [["pipe.jsonl"], /pipe\.jsonl: is no regular file, and it is read twice/],
      [["none.jsonl"], /none\.jsonl: there is no such file/],
      [["two.jsonl", "--title", "T"], /--title: the files hold 3 sessions/],
    ];
    for (const [args, said] of cases) {
      const result = await at.run("sessions", "import", "good.jsonl", ...args);
      expect(result.stderr, args[0]).toMatch(said);
      expect(result.stderr, args[0]).toMatch(/^(checking\n)?reveried: [^\n]+\n$/);
      expect(result, args[0]).toMatchObject({ code: 2, stdout: "" });
    }
    const unknown = await at.run("sessions", "import", "good.jsonl", "--store", "memstore_x");
    expect(unknown).toMatchObject({ code: 4, stdout: "" });
    expect((await at.run("sessions", "list")).stdout).toBe("There are no sessions.\n");

    const lenient = await at.run("sessions", "import", "bad.jsonl", "--lenient");
    expect(lenient.stderr).toMatch(/skipped .*bad\.jsonl:1001: /);
    expect(lenient.stdout).toMatch(/^sesn_\w+ {2}bad {2}1,000 events$/m);
  });

  test("half of a session does not stay when the command is interrupted", { timeout: 120_000 }, async () => {
    await using at = await servedFolder();
    const text = Array.from({ length: 60_000 }, (_, number) => line("Ann", `Locker ${number}.`)).join("");
    await writeFile(join(at.path, "long.jsonl"), text);
    await using cli = startCli(["sessions", "import", "long.jsonl"], { cwd: at.path });
    await cli.wrote("writing sessions");
    cli.child.kill("SIGINT");
    const result = await cli.result;
    expect(result).toMatchObject({ signal: "SIGINT", stdout: "" });
    expect((await at.run("sessions", "list")).stdout).toBe("There are no sessions.\n");
  });
});

describe("a session", () => {
  test("that is not there ends every command with 4 and one line", async () => {
    await using at = await servedFolder();
    const commands = [
      ["sessions", "show", "sesn_x"],
      ["sessions", "export", "sesn_x", "--out", "out.jsonl"],
      ["sessions", "archive", "sesn_x"],
      ["sessions", "delete", "sesn_x", "--yes"],
      ["erase", "--session", "sesn_x"],
    ];
    for (const command of commands) {
      const result = await at.run(...command);
      expect(result.stderr, command.join(" ")).toMatch(
        /^([a-z ]+\n)*reveried: session "sesn_x" not found\n$/,
      );
      expect(result, command.join(" ")).toMatchObject({ code: 4, stdout: "" });
    }
    expect(await readdir(at.path)).not.toContain("out.jsonl");
  });

  test("is archived for good, and deleted only with --yes", async () => {
    await using at = await servedFolder();
    const [session] = await imported(at, "a.jsonl", line("Ann", "Hello."));
    const id = session?.id ?? "";
    expect((await at.run("sessions", "archive", id)).stdout).toMatch(/^archived +20/m);
    expect((await at.run("sessions", "list")).stdout).toBe("There are no sessions.\n");
    expect((await at.run("sessions", "list", "--archived")).stdout).toContain("(archived)");
    const asked = await at.run("sessions", "delete", id);
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining('"a" (1 event)') });
    expect((await at.run("sessions", "show", id)).code).toBe(0);
    expect((await at.run("sessions", "delete", id, "--yes")).stdout).toMatch(/^Deleted sesn_/);
    expect((await at.run("sessions", "show", id)).code).toBe(4);
  });

  test("whose output nobody reads any more ends quietly", async () => {
    await using at = await servedFolder();
    const text = Array.from({ length: 5_000 }, (_, number) => line("Ann", `Locker ${number}.`)).join("");
    const [session] = await imported(at, "long.jsonl", text);
    await using cli = startCli(["sessions", "show", session?.id ?? "", "--events", "5000"], { cwd: at.path });
    cli.child.stdout.once("data", () => cli.child.stdout.destroy());
    const { code, stderr } = await cli.result;
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });
});

describe("erase", () => {
  test("shows what would go, then removes it from all that was made of it", {
    timeout: 120_000,
  }, async () => {
    await using at = await servedFolder();
    const notes = join(examples, "notes");
    const { memoryStoreId } = (await at.json("stores", "import", notes)) as { memoryStoreId: string };
    const secret = "The harbour door code is 471147.";
    const [session] = await imported(
      at,
      "a.jsonl",
      line("Ann", `Remember: ${secret}`, { at: "2026-05-02T09:00:00Z" }),
    );
    const id = session?.id ?? "";
    const args = ["--store", memoryStoreId, "--session", id, "--update-existing", "--watch"];
    expect((await at.run("dreams", "create", ...args)).code).toBe(0);
    const copy = async (name: string) => {
      await at.json("stores", "export", memoryStoreId, name);
      const texts = (await filesIn(join(at.path, name))).map((file) => readFile(file, "utf8"));
      return (await Promise.all(texts)).join("\n");
    };
    expect(await copy("before")).toContain("471147");

    const plan = await at.run("erase", "--session", id);
    expect(plan.code).toBe(0);
    expect(plan.stdout).toContain(`Would erase session ${id} with 1 event`);
    expect(plan.stdout).toMatch(new RegExp(`^${memoryStoreId} +\\d+ +(deleted|shortened) +/\\S+$`, "m"));
    expect(plan.stdout).toContain("run this again with --yes");
    expect((await at.run("sessions", "show", id)).code).toBe(0);

    const done = await at.run("erase", "--session", id, "--yes");
    expect(done.code).toBe(0);
    expect(done.stdout).toContain(`Erased session ${id} with 1 event`);
    expect((await at.run("sessions", "show", id)).code).toBe(4);
    expect(await copy("after")).not.toContain("471147");
    const again = await at.run("erase", "--session", id, "--yes");
    expect(again).toMatchObject({ code: 0, stdout: `Nothing is left of session ${id} to erase.\n` });
  });

  test("of a store removes it", async () => {
    await using at = await servedFolder();
    const notes = join(examples, "notes");
    const { memoryStoreId } = (await at.json("stores", "import", notes)) as { memoryStoreId: string };
    const plan = (await at.json("erase", "--store", memoryStoreId)) as { erased: boolean };
    expect(plan).toMatchObject({ erased: false, plan: { memories: expect.any(String) } });
    expect(await at.json("erase", "--store", memoryStoreId, "--yes")).toMatchObject({ erased: true });
    expect((await at.run("stores", "show", memoryStoreId)).code).toBe(4);
  });
});

async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}
