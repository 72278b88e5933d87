import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { badFolders } from "./cli-bad-folders.ts";
import { examples, runCli, type ServedFolder, servedFolder, startCli, startServe } from "./cli-process.ts";

const exampleNotes = join(examples, "notes");

async function writeFolder(dir: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(dir, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true });
    await writeFile(join(dir, name), content);
  }
}

/** Imports the files as a new store and answers with its id. */
async function aStore(at: ServedFolder, files: Readonly<Record<string, string>>): Promise<string> {
  const dir = join(at.path, `notes-${Object.keys(files).length}`);
  await writeFolder(dir, files);
  return ((await at.json("stores", "import", dir)) as ImportedStore).memoryStoreId;
}

interface ImportedStore {
  readonly memoryStoreId: string;
}

interface Version {
  readonly id: string;
  readonly path: string;
  readonly operation: string;
  readonly version: string;
}

async function log(at: ServedFolder, ...args: readonly string[]): Promise<readonly Version[]> {
  return ((await at.json("stores", "log", ...args)) as { memoryVersions: Version[] }).memoryVersions;
}

describe("a folder of notes", () => {
  test("comes back from a store as it went in, byte for byte", async () => {
    await using at = await servedFolder();
    const files = {
      "crlf.md": "a\r\n\r\nb",
      "empty.md": "",
      "deep/er/ünïcode 漢字.txt": "ä\u2028🎈\n",
      "Team.md": "1",
      "team.md": "2",
    };
    const dir = join(at.path, "my notes");
    await cp(exampleNotes, dir, { recursive: true });
    await writeFolder(dir, files);
    const imported = await at.run("stores", "import", dir);
    expect(imported.code).toBe(0);
    const [id = "", counts] = imported.stdout.split("\n");
    const expected = await textsOf(dir);
    expect(counts).toBe(`${expected.size} memories created, 0 changed, 0 unchanged`);

    const listed = await at.run("stores", "list");
    expect(listed.stdout).toMatch(new RegExp(`^${id} .* my notes$`, "m"));
    const shown = await at.run("stores", "show", id, "--prefix", "/deep/");
    expect(shown.stdout).toMatch(/^name +my notes$/m);
    expect(shown.stdout).toMatch(/ \/deep\/er\/ünïcode 漢字\.txt$/m);
    expect(shown.stdout).not.toContain("/crlf.md");
    const text = await at.run("stores", "show", id, "--path", "/crlf.md");
    expect(text.stdout).toBe(files["crlf.md"]);

    const exported = await at.run("stores", "export", id, "out");
    expect(exported.stdout).toMatch(new RegExp(`^Written: ${expected.size} notes, .* in out$`, "m"));
    expect(exported.stderr).toContain(
      "warning: /team.md clashes with /Team.md where letter case does not count",
    );
    expect(await textsOf(join(at.path, "out"))).toEqual(expected);
    const again = await at.run("stores", "export", id, "out");
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining("use --force to replace it") });
    const forced = await at.run("stores", "export", id, "out", "--force");
    expect(forced.stdout).toContain("What was there before is in ");
  });

  test("goes into a store that is there: only what differs is written, and counted", async () => {
    await using at = await servedFolder();
    const dir = join(at.path, "notes-3");
    const id = await aStore(at, { "a.md": "a", "b.md": "b", "c.md": "c" });
    const same = await at.run("stores", "import", dir, "--into", id);
    expect(same.stdout).toBe(`${id}\n0 memories created, 0 changed, 3 unchanged\n`);
    expect(await log(at, id)).toHaveLength(3);

    await writeFolder(dir, { "b.md": "new", "d.md": "d" });
    await rm(join(dir, "c.md"));
    const counts = await at.json("stores", "import", dir, "--into", id);
    expect(counts).toMatchObject({ created: 1, changed: 1, unchanged: 1, deleted: 0 });
    const gone = await at.run("stores", "import", dir, "--into", id, "--delete-missing");
    expect(gone.stdout).toContain("0 memories created, 0 changed, 3 unchanged, 1 deleted");
    const versions = await log(at, id);
    expect(versions.map(({ path, operation }) => `${operation.slice(17)} ${path}`).slice(0, 1)).toEqual([
      "DELETED /c.md",
    ]);
    expect(versions).toHaveLength(6);
    const listed = await at.run("stores", "log", id, "--limit", "2");
    expect(listed.stdout).toMatch(/^20\S+ \S+ +deleted +2 +memver_\w+ .*\/c\.md$/m);
    expect(listed.stdout).toContain("and more; see --limit");
  });

  test("that would not fit into the store is refused before anything is written", async () => {
    await using at = await servedFolder();
    const id = await aStore(at, { "a.md": "a" });
    const dir = join(at.path, "other");
    await writeFolder(dir, { "0.md": "0", "a.md/b.md": "b" });
    const refused = await at.run("stores", "import", dir, "--into", id);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toContain('"/a.md/b.md" and "/a.md" of the store');
    expect(await log(at, id)).toHaveLength(1);
    const replaced = await at.json("stores", "import", dir, "--into", id, "--delete-missing");
    expect(replaced).toMatchObject({ created: 2, deleted: 1 });
  });

  test("whose export is interrupted is not there, not even in part", async () => {
    await using at = await servedFolder();
    const files = Array.from({ length: 3_000 }, (_, number) => [`${number}.md`, "x".repeat(2_000)]);
    const id = await aStore(at, Object.fromEntries(files));
    const before = await readdir(at.path);
    await using cli = startCli(["stores", "export", id, "out"], { cwd: at.path });
    await cli.wrote("writing notes");
    cli.child.kill("SIGINT");
    expect(await cli.result).toMatchObject({ signal: "SIGINT", stdout: "" });
    expect(await readdir(at.path)).toEqual(before);
  });

  test("whose writing is cut off is finished by the command it names", { timeout: 120_000 }, async () => {
    await using at = await servedFolder();
    const dir = join(at.path, "many");
    const files = Array.from({ length: 6_000 }, (_, number) => [`${number}.md`, `note ${number}`]);
    await writeFolder(dir, Object.fromEntries(files));
    await using cli = startCli(["stores", "import", "many"], { cwd: at.path });
    await cli.wrote("writing notes");
    at.server.child.kill("SIGKILL");
    const result = await cli.result;
    expect(result.code).toBe(3);
    const again = /to go on: reveried (stores import many --into \S+)$/m.exec(result.stderr)?.[1];
    expect(again).toBeDefined();
    await at.server.result;
    await using server = await startServe(at.path);
    const finished = await runCli(again?.split(" ") ?? [], { cwd: at.path });
    expect(finished.stdout).toMatch(/^[\d,]+ memories created, 0 changed, \d+ unchanged$/m);
    const exported = await runCli(["stores", "export", again?.split(" ").at(-1) ?? "", "out"], {
      cwd: at.path,
    });
    expect(exported.code).toBe(0);
    expect(await textsOf(join(at.path, "out"))).toEqual(await textsOf(dir));
    server.child.kill("SIGTERM");
    await server.result;
  });
});

describe("a folder that is wrong", () => {
  test("is refused in one line, and no store is made", { timeout: 120_000 }, async () => {
    await using at = await servedFolder();
    const into = await aStore(at, { "kept.md": "kept" });
    for (const [number, { what, make, said }] of badFolders.entries()) {
      const dir = join(at.path, `bad-${number}`);
      await mkdir(dir);
      await make(dir);
      for (const more of [[], ["--into", into, "--delete-missing"]]) {
        const result = await at.run("stores", "import", dir, ...more);
        expect(result.stderr, what).toMatch(said);
        expect(result.stderr, what).toMatch(/^(reading notes\n)?reveried: [^\n]+\n$/);
        expect(result, what).toMatchObject({ code: 2, stdout: "" });
      }
    }
    const none = await at.run("stores", "import", join(at.path, "none"));
    expect(none.stderr).toContain("none: there is no such file or folder");
    await symlink("loop", join(at.path, "loop"));
    const loop = await at.run("stores", "import", join(at.path, "loop"));
    expect(loop).toMatchObject({ code: 2, stderr: expect.stringContaining("loop: is a symbolic link") });
    const { memoryStores } = (await at.json("stores", "list")) as { memoryStores: unknown[] };
    expect(memoryStores).toHaveLength(1);
    expect(await log(at, into)).toHaveLength(1);
  });

  test("is taken but for what is no note, which is told", async () => {
    await using at = await servedFolder();
    const dir = join(at.path, "notes");
    await writeFolder(dir, { "a.md": "a", "photo.png": "x", ".hidden.md": "x" });
    await symlink("..", join(dir, "up"));
    const result = await at.run("stores", "import", dir);
    expect(result.stderr).toMatch(/skipped .*photo\.png: not a note\n/);
    expect(result.stderr).toMatch(/skipped .*up: symbolic link\n/);
    expect(result.stdout).toContain("1 memory created");
  });
});

describe("a store that is not there", () => {
  test("ends every command with 4 and one line", async () => {
    await using at = await servedFolder();
    const commands = [
      ["stores", "show", "memstore_x"],
      ["stores", "show", "memstore_x", "--path", "/a.md"],
      ["stores", "export", "memstore_x", "out"],
      ["stores", "import", exampleNotes, "--into", "memstore_x"],
      ["stores", "log", "memstore_x"],
      ["stores", "revert", "memstore_x", "--dream", "drm_x"],
      ["stores", "archive", "memstore_x"],
      ["stores", "delete", "memstore_x", "--yes"],
      ["stores", "redact", "memstore_x", "memver_x"],
      ["stores", "protect", "memstore_x"],
      ["stores", "protect", "memstore_x", "/a.md"],
      ["erase", "--store", "memstore_x"],
      ["erase", "--store", "memstore_x", "--yes"],
    ];
    for (const command of commands) {
      const result = await at.run(...command);
      expect(result.stderr, command.join(" ")).toMatch(
        /^([a-z ]+\n)*reveried: memory store "memstore_x" not found\n$/,
      );
      expect(result, command.join(" ")).toMatchObject({ code: 4, stdout: "" });
    }
    expect((await readdir(at.path)).filter((name) => name.startsWith("out"))).toEqual([]);
  });
});

describe("what a store is", () => {
  test("protected paths are set, printed and cleared", async () => {
    await using at = await servedFolder();
    const id = await aStore(at, { "a.md": "a" });
    const none = await at.run("stores", "protect", id);
    expect(none.stdout).toBe("Dreams may write every path of this store.\n");
    const set = await at.run("stores", "protect", id, "/rules/", "/a.md");
    expect(set).toMatchObject({ code: 0, stdout: "/rules/\n/a.md\n" });
    expect((await at.run("stores", "protect", id)).stdout).toBe("/rules/\n/a.md\n");
    expect((await at.run("stores", "show", id)).stdout).toMatch(/^protected +\/rules\/, \/a\.md$/m);
    const bad = await at.run("stores", "protect", id, "rules");
    expect(bad.code).toBe(2);
    expect((await at.run("stores", "protect", id, "--none")).stdout).toBe(none.stdout);
  });

  test("it is deleted only with --yes, and archived for good", async () => {
    await using at = await servedFolder();
    const id = await aStore(at, { "a.md": "a" });
    const archived = await at.run("stores", "archive", id);
    expect(archived.stdout).toMatch(/^archived +20/m);
    expect((await at.run("stores", "list")).stdout).toBe("There are no memory stores.\n");
    expect((await at.run("stores", "list", "--archived")).stdout).toContain("(archived)");
    const into = await at.run("stores", "import", exampleNotes, "--into", id);
    expect(into).toMatchObject({ code: 5, stderr: expect.stringContaining("is archived") });
    const asked = await at.run("stores", "delete", id);
    expect(asked.code).toBe(2);
    expect(asked.stderr).toContain('"notes-1" (1 memory) with all its versions, for good; nothing was done');
    expect((await at.run("stores", "show", id)).code).toBe(0);
    expect((await at.run("stores", "delete", id, "--yes")).stdout).toMatch(/^Deleted memstore_/);
    expect((await at.run("stores", "show", id)).code).toBe(4);
  });

  test("an old version is redacted, the newest is not", async () => {
    await using at = await servedFolder();
    const id = await aStore(at, { "a.md": "the door code is 4711" });
    const dir = join(at.path, "notes-1");
    await writeFolder(dir, { "a.md": "there is a door" });
    await at.json("stores", "import", dir, "--into", id);
    const [newest, oldest] = await log(at, id);
    const refused = await at.run("stores", "redact", id, newest?.id ?? "");
    expect(refused).toMatchObject({ code: 5, stdout: "" });
    const redacted = await at.run("stores", "redact", id, oldest?.id ?? "");
    expect(redacted.stdout).toContain("No other version or store holds the text");
    const listed = await at.run("stores", "log", id);
    expect(listed.stdout).toMatch(/created +1 .*\(redacted\)$/m);
  });
});

describe("a dream that wrote into a store", () => {
  test("is undone, but for what was changed since, and only once", { timeout: 120_000 }, async () => {
    await using at = await servedFolder();
    const { memoryStoreId: id } = (await at.json("stores", "import", exampleNotes)) as ImportedStore;
    const dream = await at.run("dreams", "create", "--store", id, "--update-existing", "--watch", "--json");
    expect(dream.code).toBe(0);
    const dreamId = /"dreamId":"(drm_\w+)"/.exec(dream.stdout)?.[1] ?? "";
    const shown = await at.run("dreams", "diff", dreamId, "--words");
    expect(shown.stdout).toContain("[-- Backups run every night");
    expect(shown.stdout).toContain("why (merge): ");
    expect((await at.run("dreams", "diff", dreamId)).stdout).not.toContain("[-");

    // Somebody corrects one of the two before it is undone.
    const other = join(at.path, "other");
    await writeFolder(other, { "decisions.md": "None so far.\n" });
    await at.json("stores", "import", other, "--into", id);
    const wrong = await aStore(at, { "a.md": "a" });
    const refused = await at.run("stores", "revert", wrong, "--dream", dreamId);
    expect(refused).toMatchObject({ code: 5, stderr: expect.stringContaining(`read memory store ${id}`) });

    const reverted = await at.run("stores", "revert", id, "--dream", dreamId);
    expect(reverted.code).toBe(0);
    expect(reverted.stdout).toMatch(/^restored +\/infrastructure\.md$/m);
    expect(reverted.stdout).toMatch(/^left alone +\/decisions\.md/m);
    expect(reverted.stdout).not.toMatch(/^restored +\/decisions\.md/m);
    await at.json("stores", "export", id, "out");
    const expected = await textsOf(exampleNotes);
    expected.set("decisions.md", "None so far.\n");
    expect(await textsOf(join(at.path, "out"))).toEqual(expected);
    const again = await at.run("stores", "revert", id, "--dream", dreamId);
    expect(again.stdout).toContain("it was undone before");
    expect(again.stdout).not.toMatch(/^restored/m);
  });
});

test("output that nobody reads any more ends a command quietly", async () => {
  await using at = await servedFolder();
  const files = Array.from({ length: 2_000 }, (_, number) => [`${number}-${"x".repeat(80)}.md`, "x"]);
  const id = await aStore(at, Object.fromEntries(files));
  await using cli = startCli(["stores", "show", id], { cwd: at.path });
  cli.child.stdout.once("data", () => cli.child.stdout.destroy());
  const { code, stderr } = await cli.result;
  expect(stderr).toBe("");
  expect(code).toBe(0);
});

async function textsOf(folder: string): Promise<Map<string, string>> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  const texts = new Map<string, string>();
  for (const entry of found.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name);
    texts.set(path.slice(folder.length + 1), await readFile(path, "utf8"));
  }
  return texts;
}
