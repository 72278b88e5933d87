import { mkdir, mkdtemp, readdir, readFile, rm, rmdir, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openPartialFile } from "./partial-file.ts";

let dir: string;
let file: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "reveried-partial-"));
  file = join(dir, "out.jsonl");
});
afterEach(() => rm(dir, { recursive: true }));

const fresh = { resume: false, force: false };
const resume = { resume: true, force: false };
const force = { resume: false, force: true };

/** A file that broke off behind its mark, as a crash leaves it. */
async function brokenOff(): Promise<void> {
  const partial = await openPartialFile(file, fresh);
  await partial.write("one\ntwö\n");
  await partial.save({ source: "here", cursor: "c2" });
  await partial.write("three\nfo");
  await partial.close();
}

test("a file has its name only once it is finished, and nothing else is left", async () => {
  const partial = await openPartialFile(file, fresh);
  await partial.write("one\n");
  await partial.save({ source: "here", cursor: "c1" });
  expect(await readdir(dir)).toEqual(["out.jsonl.partial", "out.jsonl.partial.cursor"]);
  await partial.finish();
  await partial.close();
  expect(await readdir(dir)).toEqual(["out.jsonl"]);
  expect(await readFile(file, "utf8")).toBe("one\n");
});

test("one that broke off goes on behind its mark; what is torn behind that is cut off", async () => {
  await brokenOff();
  const again = await openPartialFile(file, resume);
  expect(again.mark).toMatchObject({ source: "here", cursor: "c2" });
  expect(again.size()).toBe(9);
  await again.write("three\n");
  await again.finish();
  expect(await readFile(file, "utf8")).toBe("one\ntwö\nthree\n");
});

test("one that has no mark yet is begun again", async () => {
  const partial = await openPartialFile(file, fresh);
  await partial.write("lost");
  await partial.close();
  const again = await openPartialFile(file, resume);
  expect([again.mark, again.size()]).toEqual([null, 0]);
  await again.close();
});

test("one into which nothing was written is no more", async () => {
  const partial = await openPartialFile(file, fresh);
  await partial.close();
  await partial.close();
  expect(await readdir(dir)).toEqual([]);
});

test("a file that is there, or broke off, is not written over", async () => {
  await brokenOff();
  await expect(openPartialFile(file, fresh)).rejects.toThrow("go on with --resume, or delete it");
  await writeFile(file, "mine");
  await expect(openPartialFile(file, resume)).rejects.toThrow("is there already");
  expect(await readFile(file, "utf8")).toBe("mine");
});

test("one of the same name is replaced by force, and stays until the new one is finished", async () => {
  await writeFile(file, "old");
  const partial = await openPartialFile(file, force);
  await partial.write("new\n");
  expect(await readFile(file, "utf8")).toBe("old");
  await partial.finish();
  expect(await readFile(file, "utf8")).toBe("new\n");
  expect(await readdir(dir)).toEqual(["out.jsonl"]);
});

test("a folder of the same name is not replaced, nor a file that came meanwhile without force", async () => {
  await mkdir(file);
  await expect(openPartialFile(file, force)).rejects.toThrow("is no regular file; name a new file");
  await rmdir(file);
  const partial = await openPartialFile(file, fresh);
  await partial.write("new\n");
  await writeFile(file, "mine");
  await expect(partial.finish()).rejects.toThrow("is there already");
  expect(await readFile(file, "utf8")).toBe("mine");
  expect(await readFile(`${file}.partial`, "utf8")).toBe("new\n");
});

test.each([
  ["is shorter than its mark says", () => truncate(`${file}.partial`, 3)],
  ["has a mark that is damaged", () => writeFile(`${file}.partial.cursor`, '{"cursor":')],
  ["has a mark of another kind", () => writeFile(`${file}.partial.cursor`, "7")],
])("one that %s is refused", async (_, damage) => {
  await brokenOff();
  await damage();
  await expect(openPartialFile(file, resume)).rejects.toThrow("cannot be gone on with; delete it");
});

test("a folder that is not there is told", async () => {
  const there = openPartialFile(join(dir, "no", "out.jsonl"), fresh);
  await expect(there).rejects.toThrow("there is no such file or folder");
});
