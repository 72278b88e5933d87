/** Folders and files that a command must refuse, or must not be harmed by. */
import { execFileSync } from "node:child_process";
import { mkdir, open, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What is wrong with a folder of notes, how to make it, and what must be said about it. */
export interface BadFolder {
  readonly what: string;
  readonly make: (dir: string) => Promise<void>;
  readonly said: RegExp;
}

const notes = /holds no notes \(\.md, \.markdown or \.txt files\); nothing was done/;

export const badFolders: readonly BadFolder[] = [
  { what: "nothing in it", make: async () => {}, said: notes },
  {
    what: "a note of one byte too many",
    make: (dir) => writeFile(join(dir, "x.md"), "a".repeat(102_401)),
    said: /x\.md: is 102401 bytes, more than the 102400 a memory may have; split it/,
  },
  {
    what: "a good note and one that is not UTF-8",
    make: async (dir) => {
      await writeFile(join(dir, "a.md"), "good");
      await writeFile(join(dir, "b.md"), Buffer.from([0x61, 0x0a, 0xfc]));
    },
    said: /b\.md:2: is not UTF-8 text/,
  },
  {
    what: "a note with a zero byte",
    make: (dir) => writeFile(join(dir, "x.md"), "a\0b"),
    said: /x\.md: is binary or UTF-16/,
  },
  {
    what: "one name in two Unicode forms",
    make: async (dir) => {
      await writeFile(join(dir, "u\u0308.md"), "a");
      await writeFile(join(dir, "\u00fc.md"), "b");
    },
    said: /differs from .* only in Unicode form/,
  },
  {
    what: "a note 60 folders deep",
    make: async (dir) => {
      const deep = join(dir, "d/".repeat(60));
      await mkdir(deep, { recursive: true });
      await writeFile(join(deep, "x.md"), "a");
    },
    said: /x\.md: as the path of a memory, it: must have at most 20 segments/,
  },
  {
    what: "links that lead in circles and a pipe, and no note",
    make: async (dir) => {
      await symlink("b.md", join(dir, "a.md"));
      await symlink("a.md", join(dir, "b.md"));
      await symlink(".", join(dir, "c"));
      execFileSync("mkfifo", [join(dir, "pipe.md")]);
    },
    said: notes,
  },
  {
    what: "a note of 1 GB that takes no room",
    make: (dir) => sparseFile(join(dir, "x.md"), ""),
    said: /x\.md: is 1000000000 bytes, more than the 102400/,
  },
  {
    what: "one note more than a store may have",
    make: async (dir) => {
      const names = Array.from({ length: 10_001 }, (_, number) => join(dir, `${number}.md`));
      for (let at = 0; at < names.length; at += 500) {
        await Promise.all(names.slice(at, at + 500).map((name) => writeFile(name, "x")));
      }
    },
    said: /holds more than 10000 notes, the most a memory store may have; name a smaller folder/,
  },
];

/** A file of 1 GB that begins with the text and is a hole from there on. */
export async function sparseFile(path: string, start: string): Promise<void> {
  const handle = await open(path, "w");
  try {
    await handle.write(start);
    await handle.truncate(1_000_000_000);
  } finally {
    await handle.close();
  }
}
