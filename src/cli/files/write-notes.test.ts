import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { type NoteToWrite, writeNotes } from "./write-notes.ts";

async function aFolder() {
  const root = await realpath(await mkdtemp(join(tmpdir(), "write-notes-")));
  await mkdir(join(root, "notes"));
  await writeFile(join(root, "notes/a.md"), "old");
  return {
    root,
    notesDir: join(root, "notes"),
    out: join(root, "out"),
    list: async () => (await readdir(root, { recursive: true })).sort(),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

const two: readonly NoteToWrite[] = [
  { path: "/a.md", content: "A\r\n" },
  { path: "/people/maya.md", content: "ä" },
];

describe("writing a folder of notes", () => {
  test("makes it with all files, byte for byte, and leaves nothing beside it", async () => {
    await using at = await aFolder();
    const written = await writeNotes(join(at.root, "new/out"), two, { notesDir: at.notesDir });
    expect(written).toEqual({ files: 2, bytes: 5, warnings: [], backup: null });
    expect(await at.list()).toEqual([
      "new",
      "new/out",
      "new/out/a.md",
      "new/out/people",
      "new/out/people/maya.md",
      "notes",
      "notes/a.md",
    ]);
    expect(await readFile(join(at.root, "new/out/a.md"), "utf8")).toBe("A\r\n");
    const usual = (await stat(at.notesDir)).mode;
    expect((await stat(join(at.root, "new/out"))).mode).toBe(usual);
  });

  test("makes an empty folder for no notes", async () => {
    await using at = await aFolder();
    await writeNotes(at.out, [], { notesDir: null });
    expect(await readdir(at.out)).toEqual([]);
  });

  test("takes the place of an empty folder", async () => {
    await using at = await aFolder();
    await mkdir(at.out);
    await writeNotes(at.out, two, { notesDir: at.notesDir });
    expect((await readdir(at.out)).sort()).toEqual(["a.md", "people"]);
  });

  test("refuses a folder that is not empty, and changes nothing", async () => {
    await using at = await aFolder();
    await mkdir(at.out);
    await writeFile(join(at.out, "mine.md"), "mine");
    const before = await at.list();
    await expect(writeNotes(at.out, two, { notesDir: at.notesDir })).rejects.toThrow(
      /out: is not empty; name a new folder, or use --force to replace it/,
    );
    expect(await at.list()).toEqual(before);
  });

  test("by force keeps what was there beside it, under the next free name", async () => {
    await using at = await aFolder();
    for (const round of [1, 2, 3]) {
      const note = { path: "/n.md", content: `${round}` };
      const { backup } = await writeNotes(at.out, [note], { notesDir: at.notesDir, force: true });
      expect(backup).toBe(round === 1 ? null : `${at.out}.bak-${round - 1}`);
    }
    expect(await readFile(join(at.out, "n.md"), "utf8")).toBe("3");
    expect(await readFile(join(`${at.out}.bak-1`, "n.md"), "utf8")).toBe("1");
    expect(await readFile(join(`${at.out}.bak-2`, "n.md"), "utf8")).toBe("2");
  });

  test("that fails half way leaves everything as it was", async () => {
    await using at = await aFolder();
    await mkdir(at.out);
    await writeFile(join(at.out, "mine.md"), "mine");
    const before = await at.list();
    async function* failing(): AsyncGenerator<NoteToWrite> {
      yield* two;
      throw new Error("the store is away");
    }
    await expect(writeNotes(at.out, failing(), { notesDir: null, force: true })).rejects.toThrow(
      "the store is away",
    );
    const twice = [...two, ...two];
    await expect(writeNotes(at.out, twice, { notesDir: null, force: true })).rejects.toThrow(
      /^\/a\.md: a file of this name/,
    );
    expect(await at.list()).toEqual(before);
    expect(await readFile(join(at.out, "mine.md"), "utf8")).toBe("mine");
  });
});

describe("where notes may not be written", () => {
  test.each([
    ["the notes folder", "notes"],
    ["a folder in it", "notes/out"],
    ["the same by way of ..", "out/../notes"],
    ["the same by way of a symbolic link above", "link/notes"],
    ["the folder around it", "."],
  ])("is %s, also by force", async (_, name) => {
    await using at = await aFolder();
    await symlink(".", join(at.root, "link"));
    const before = await at.list();
    await expect(
      writeNotes(`${at.root}/${name}`, two, { notesDir: at.notesDir, force: true }),
    ).rejects.toThrow(
      /is the notes folder .*, or one of them lies in the other; name a folder apart from it/,
    );
    expect(await at.list()).toEqual(before);
  });

  test("is a symbolic link, also to nothing and by force, or a file", async () => {
    await using at = await aFolder();
    await mkdir(join(at.root, "elsewhere"));
    await symlink("elsewhere", at.out);
    await symlink("nothing", join(at.root, "dangling"));
    await writeFile(join(at.root, "file"), "x");
    const write = (name: string) => writeNotes(join(at.root, name), two, { notesDir: null, force: true });
    await expect(write("out")).rejects.toThrow(/out: is a symbolic link; name the folder itself/);
    await expect(write("dangling")).rejects.toThrow(/is a symbolic link/);
    await expect(write("file")).rejects.toThrow(/file: is a file; name a new folder/);
    await expect(write("file/out")).rejects.toThrow(/a part of the path is a file/);
    expect(await readdir(join(at.root, "elsewhere"))).toEqual([]);
  });

  test.each(["/../evil.md", "/a/../../evil.md", "evil.md", "//evil.md", "/a/./b.md"])(
    "is out of the folder, as by %s",
    async (path) => {
      await using at = await aFolder();
      const before = await at.list();
      await expect(writeNotes(at.out, [{ path, content: "x" }], { notesDir: null })).rejects.toMatchObject({
        kind: "invalid_argument",
      });
      expect(await at.list()).toEqual(before);
    },
  );

  test("is under a name the file system has no room for", async () => {
    await using at = await aFolder();
    const path = `/${"x".repeat(300)}.md`;
    await expect(writeNotes(at.out, [{ path, content: "x" }], { notesDir: null })).rejects.toThrow(
      /the name is longer than the file system allows/,
    );
  });
});

describe("on a disk where letter case does not count", () => {
  /** Answers as such a disk would: by what is in the folder, letter case aside. */
  async function isThere(file: string): Promise<boolean> {
    const names = await readdir(dirname(file)).catch((): string[] => []);
    return names.some((name) => name.toLowerCase() === basename(file).toLowerCase());
  }

  test.each([
    ["two notes", ["/team/a.md", "/team/A.md"], "/team/A.md: /team/A.md and /team/a.md are one name"],
    ["two folders", ["/Team/a.md", "/team/b.md"], "/team/b.md: /team and /Team are one name"],
    [
      "a note and a folder",
      ["/team.md", "/Team.md/b.md"],
      "/Team.md/b.md: /Team.md and /team.md are one name",
    ],
  ])("%s that are one name are refused with both, and nothing is left", async (_, paths, message) => {
    await using at = await aFolder();
    await mkdir(at.out);
    await writeFile(join(at.out, "mine.md"), "mine");
    const before = await at.list();
    const notes = paths.map((path) => ({ path, content: path }));
    const refused = writeNotes(at.out, notes, { notesDir: null, force: true, isThere });
    await expect(refused).rejects.toMatchObject({ kind: "invalid_argument" });
    await expect(refused).rejects.toThrow(message);
    expect(await at.list()).toEqual(before);
    expect(await readFile(join(at.out, "mine.md"), "utf8")).toBe("mine");
  });

  test("notes of one folder, and names that only look alike, are written", async () => {
    await using at = await aFolder();
    const notes = ["/Team/a.md", "/Team/b.md", "/teams/a.md"].map((path) => ({ path, content: path }));
    expect(await writeNotes(at.out, notes, { notesDir: null, isThere })).toMatchObject({
      files: 3,
      warnings: [],
    });
  });
});

test("where letter case counts, names that differ by it alone are written, each with its own text", async () => {
  await using at = await aFolder();
  const paths = ["/Team/a.md", "/team/a.md", "/team/A.md", "/stra\u00dfe.md", "/STRASSE.md"];
  const notes = paths.map((path) => ({ path, content: path }));
  const { warnings } = await writeNotes(at.out, notes, { notesDir: null });
  expect(new Set(warnings.map(({ path }) => path))).toEqual(new Set([paths[1], paths[2], paths[4]]));
  for (const path of paths) expect(await readFile(join(at.out, path), "utf8")).toBe(path);
});

test("names that give trouble elsewhere are written and told", async () => {
  await using at = await aFolder();
  const paths = [
    "/Team/a.md",
    "/team/b.md",
    "/team/B.md",
    "/con.md",
    "/what?.md",
    "/dot./x.md",
    "/.x/y.md",
    "/plain",
  ];
  const notes = paths.map((path) => ({ path, content: "x" }));
  const { files, warnings } = await writeNotes(at.out, notes, { notesDir: null });
  expect(files).toBe(paths.length);
  expect(warnings.map(({ path, reason }) => [path, reason])).toEqual([
    ["/team/b.md", "clashes with /Team where letter case does not count"],
    ["/team/B.md", "clashes with /Team where letter case does not count"],
    ["/team/B.md", "clashes with /team/b.md where letter case does not count"],
    ["/con.md", 'Windows does not allow the name "con.md"'],
    ["/what?.md", 'Windows does not allow the name "what?.md"'],
    ["/dot./x.md", 'Windows does not allow the name "dot."'],
    ["/.x/y.md", "is hidden and would not be read as a note"],
    ["/plain", "does not end in .md, .markdown or .txt and would not be read as a note"],
  ]);
});
