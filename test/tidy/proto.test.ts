/** proto/ is what the wire promises: it lints, it breaks nobody who uses the last release, and gen/ is made from it. */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { filesBelow, readText, root } from "./source-files.ts";

const bin = join(root, "node_modules", ".bin");
const scratch = mkdtempSync(join(tmpdir(), "reveried-proto-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What buf says, empty when it is content. */
function buf(args: readonly string[], cwd: string = root): string {
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` };
  const { status, stdout, stderr, error } = spawnSync(join(bin, "buf"), args, { cwd, env, encoding: "utf8" });
  if (error !== undefined) throw error;
  return status === 0 ? "" : `buf ${args[0]} ended with ${status}:\n${stdout}${stderr}`;
}

test("proto/ follows buf's STANDARD lint", () => {
  expect(buf(["lint"])).toBe("");
});

test("proto/ is formatted", () => {
  expect(buf(["format", "--diff", "--exit-code"])).toBe("");
});

test("nothing in proto/ breaks a user of the released image", () => {
  expect(buf(["breaking", "--against", "proto/released.binpb"])).toBe("");
});

test("the released image tells a break from a change that breaks nobody", () => {
  const copy = join(scratch, "broken");
  cpSync(join(root, "proto"), join(copy, "proto"), { recursive: true });
  cpSync(join(root, "buf.yaml"), join(copy, "buf.yaml"));
  const service = readText("proto/dream/v1/dream_service.proto");
  const file = join(copy, "proto", "dream", "v1", "dream_service.proto");
  const against = ["breaking", "--against", join(root, "proto", "released.binpb")];
  writeFileSync(file, `${service}\nmessage Added {\n  string id = 1;\n}\n`);
  expect(buf(against, copy)).toBe("");
  writeFileSync(file, service.replace("rpc GetDream(", "rpc FetchDream("));
  expect(buf(against, copy)).toContain("GetDream");
});

test("gen/ is what buf generates from proto/ now", () => {
  const out = join(scratch, "generated");
  expect(buf(["generate", "--output", out])).toBe("");
  const fresh = filesBelow("gen", out);
  expect(filesBelow("gen")).toEqual(fresh);
  const changed = fresh.filter((path) => readText(path) !== readFileSync(join(out, path), "utf8"));
  expect(changed, "run `npm run gen`").toEqual([]);
});
