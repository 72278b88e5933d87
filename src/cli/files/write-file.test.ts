import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeFileOfParts } from "./write-file.ts";

async function aFolder() {
  const root = await mkdtemp(join(tmpdir(), "write-file-"));
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}

async function* parts(...all: readonly string[]): AsyncGenerator<string> {
  yield* all;
}

test("a file is all of its parts, and nothing is beside it", async () => {
  await using at = await aFolder();
  await writeFileOfParts(join(at.root, "a"), parts("ä", "b\n"), { force: false });
  expect(await readFile(join(at.root, "a"), "utf8")).toBe("äb\n");
  expect(await readdir(at.root)).toEqual(["a"]);
});

test("a file that is there is replaced only by force", async () => {
  await using at = await aFolder();
  const file = join(at.root, "a");
  await writeFile(file, "old");
  await expect(writeFileOfParts(file, parts("new"), { force: false })).rejects.toThrow(
    "is there already; name a new file, or use --force to replace it",
  );
  expect(await readFile(file, "utf8")).toBe("old");
  await writeFileOfParts(file, parts("new"), { force: true });
  expect(await readFile(file, "utf8")).toBe("new");
});

test("a folder, a link and what has no folder are refused, also by force", async () => {
  await using at = await aFolder();
  await mkdir(join(at.root, "folder"));
  await symlink("nowhere", join(at.root, "link"));
  for (const name of ["folder", "link"]) {
    await expect(writeFileOfParts(join(at.root, name), parts("x"), { force: true })).rejects.toThrow(
      "is there and no regular file",
    );
  }
  await expect(writeFileOfParts(join(at.root, "none/a"), parts("x"), { force: true })).rejects.toThrow(
    "there is no such file or folder",
  );
  expect((await readdir(at.root)).toSorted()).toEqual(["folder", "link"]);
});

test("parts that end with an error leave what was there", async () => {
  await using at = await aFolder();
  const file = join(at.root, "a");
  await writeFile(file, "old");
  async function* failing(): AsyncGenerator<string> {
    yield "half";
    throw new Error("the server is away");
  }
  await expect(writeFileOfParts(file, failing(), { force: true })).rejects.toThrow("the server is away");
  expect(await readFile(file, "utf8")).toBe("old");
  expect(await readdir(at.root)).toEqual(["a"]);
});
