import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { limits } from "../../core/limits.ts";
import { translateFileError } from "./file-error.ts";
import { type Note, readNotes, type SkippedFile } from "./notes.ts";

/** A fresh folder with these files, gone at the end of the scope. */
async function aFolder(files: Readonly<Record<string, string | Uint8Array>> = {}) {
  const root = await mkdtemp(join(tmpdir(), "notes-"));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), content);
  }
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

async function read(dir: string) {
  const notes: Note[] = [];
  const skipped: SkippedFile[] = [];
  for await (const note of readNotes(dir, { onSkip: (file) => skipped.push(file) })) notes.push(note);
  return { notes, skipped };
}

describe("the notes of a folder", () => {
  test("are its text files with their paths, in order, byte for byte", async () => {
    await using folder = await aFolder({
      "b.md": "# B\r\n\r\ntwo  \n",
      "a/deep/c.markdown": "c",
      "a.TXT": "\ufeffä",
      "empty.md": "",
    });
    expect((await read(folder.root)).notes).toEqual([
      { path: "/a.TXT", content: "ä" },
      { path: "/a/deep/c.markdown", content: "c" },
      { path: "/b.md", content: "# B\r\n\r\ntwo  \n" },
      { path: "/empty.md", content: "" },
    ]);
  });

  test("are none in an empty folder", async () => {
    await using folder = await aFolder();
    expect((await read(folder.root)).notes).toEqual([]);
  });

  test("have paths in NFC, whatever form the file system keeps", async () => {
    await using folder = await aFolder({ "Mu\u0308ller.md": "x" });
    expect((await read(folder.root)).notes[0]?.path).toBe("/M\u00fcller.md");
  });

  test("may differ by letter case alone", async () => {
    await using folder = await aFolder({ "Team.md": "1", "team.md": "2" });
    expect((await read(folder.root)).notes.map(({ path }) => path)).toEqual(["/Team.md", "/team.md"]);
  });

  test("of the examples are eight or more", async () => {
    const examples = fileURLToPath(new URL("../../../examples/notes", import.meta.url));
    expect((await read(examples)).notes.length).toBeGreaterThanOrEqual(8);
  });
});

describe("what is skipped, and told,", () => {
  test("is hidden, or no note, or no file", async () => {
    await using folder = await aFolder({
      "note.md": "x",
      ".git/config.md": "x",
      ".hidden.md": "x",
      "node_modules/p/README.md": "x",
      "photo.png": "x",
      "sheet.csv": "x",
    });
    execFileSync("mkfifo", [join(folder.root, "pipe.md")]);
    const { notes, skipped } = await read(folder.root);
    expect(notes.map(({ path }) => path)).toEqual(["/note.md"]);
    expect(skipped.map(({ file, reason }) => [file.slice(folder.root.length + 1), reason])).toEqual([
      [".git", "hidden"],
      [".hidden.md", "hidden"],
      ["node_modules", "hidden"],
      ["photo.png", "not a note"],
      ["pipe.md", "not a regular file"],
      ["sheet.csv", "not a note"],
    ]);
  });

  test("is a symbolic link: to a file or folder outside, inside, above, or to nothing", async () => {
    await using outside = await aFolder({ "secret.md": "SECRET" });
    await using folder = await aFolder({ "note.md": "x" });
    await symlink(join(outside.root, "secret.md"), join(folder.root, "a.md"));
    await symlink(outside.root, join(folder.root, "b"));
    await symlink("note.md", join(folder.root, "c.md"));
    await symlink("..", join(folder.root, "d"));
    await symlink("nowhere.md", join(folder.root, "e.md"));
    const { notes, skipped } = await read(folder.root);
    expect(notes).toEqual([{ path: "/note.md", content: "x" }]);
    expect(skipped.map(({ reason }) => reason)).toEqual(Array.from({ length: 5 }, () => "symbolic link"));
  });

  test("is not the folder itself, which may be named by a symbolic link", async () => {
    await using folder = await aFolder({ "real/note.md": "x" });
    await symlink("real", join(folder.root, "link"));
    expect((await read(join(folder.root, "link"))).notes).toHaveLength(1);
  });
});

describe("refused with the name of the file is", () => {
  test.each([
    ["binary data", { "x.md": "a\0b" }, /x\.md: is binary or UTF-16/],
    ["gzip", { "x.md": Buffer.from([0x1f, 0x8b, 8]) }, /x\.md: is compressed with gzip/],
    ["UTF-16", { "x.md": Buffer.from("\ufeffhello", "utf16le") }, /x\.md: is UTF-16 text; save it as UTF-8/],
    [
      "Latin-1",
      { "x.md": Buffer.from("one\ntwo\nf\xfcr\n", "latin1") },
      /x\.md:3: is not UTF-8 text; convert it/,
    ],
    [
      "a control character in the name",
      { "x\ty.md": "a" },
      /x\\ty\.md": as the path of a memory, it: must not contain control/,
    ],
    [
      "a path that is too deep",
      { [`${"d/".repeat(20)}x.md`]: "a" },
      /x\.md: as the path of a memory, it: must have at most 20 segments/,
    ],
    [
      "a note over the bound",
      { "x.md": "a".repeat(limits.memoryContentBytes + 1_000) },
      /x\.md: is 103400 bytes, more than the 102400 a memory may have; split it/,
    ],
    [
      "the same name in two Unicode forms",
      { "u\u0308.md": "a", "\u00fc.md": "b" },
      /differs from .* only in Unicode form/,
    ],
  ])("%s", async (_, files, message) => {
    await using folder = await aFolder(files);
    const refused = read(folder.root);
    await expect(refused).rejects.toMatchObject({ kind: "invalid_argument" });
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toThrow(/^[^\n]*$/);
  });

  test("a name that is not UTF-8", async () => {
    await using folder = await aFolder();
    await writeFile(
      Buffer.concat([Buffer.from(`${folder.root}/f`), Buffer.from([0xfc]), Buffer.from(".md")]),
      "x",
    );
    await expect(read(folder.root)).rejects.toThrow("its name is not UTF-8; rename it");
  });

  test("a folder that is missing, or is a file", async () => {
    await using folder = await aFolder({ "x.md": "a" });
    await expect(read(join(folder.root, "none"))).rejects.toThrow(/none: there is no such file or folder/);
    await expect(read(join(folder.root, "x.md"))).rejects.toThrow(/x\.md: is a file; name the folder/);
  });

  test("a folder with one note more than a store may have, before any is read", async () => {
    await using folder = await aFolder();
    const names = Array.from({ length: limits.notesPerFolder + 1 }, (_, n) => join(folder.root, `${n}.md`));
    for (let at = 0; at < names.length; at += 500) {
      await Promise.all(names.slice(at, at + 500).map((name) => writeFile(name, "\0")));
    }
    await expect(read(folder.root)).rejects.toThrow(
      /holds more than 10000 notes, the most a memory store may have/,
    );
    await rm(names[0] ?? "");
    await expect(read(folder.root)).rejects.toThrow(/is binary/);
  }, 30_000);

  test("what this user may not open", () => {
    const denied = Object.assign(new Error("EACCES: permission denied"), { code: "EACCES", syscall: "open" });
    expect(translateFileError("x.md", denied)).toMatchObject({
      kind: "invalid_argument",
      message: "x.md: may not be opened by this user; change its permissions",
    });
    const other = new Error("bug");
    expect(translateFileError("x.md", other)).toBe(other);
  });
});
