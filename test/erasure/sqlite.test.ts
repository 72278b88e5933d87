import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { createApp, createSystemDeps } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import { expectErased } from "./erased.ts";

test("when an erasure answers, no file of the data folder has a byte of it", async () => {
  const dir = await mkdtemp(join(tmpdir(), "reveried-erasure-"));
  try {
    const config = readConfig({ "data-dir": dir, port: "0" }, {});
    await using app = await createApp(createSystemDeps("silent"), config);
    await app.start();
    await expectErased(app.useCases, async () => {
      const names = await readdir(dir, { recursive: true, withFileTypes: true });
      const files = names.filter((entry) => entry.isFile());
      const texts = files.map((file) => readFile(join(file.parentPath, file.name), "latin1"));
      return (await Promise.all(texts)).join("\n");
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});
