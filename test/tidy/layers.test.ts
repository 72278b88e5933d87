import { describe, expect, test } from "vitest";
import { forbiddenImports, libraryPlaces, packageOf } from "./layers.ts";
import { isTest, parseSource, readSources, readText } from "./source-files.ts";

// A test stands outside of the layers: it may import whatever it needs to build what it tests.
const sources = readSources("src").filter(({ path }) => !isTest(path));

describe("the layers", () => {
  test("every file imports only what its layer may", () => {
    expect(sources.flatMap(forbiddenImports)).toEqual([]);
  });

  test("every library that is imported is a dependency users get", () => {
    const dependencies = Object.keys(JSON.parse(readText("package.json")).dependencies);
    const used = sources.flatMap(({ imports }) =>
      imports
        .filter(({ specifier }) => !specifier.startsWith(".") && !specifier.startsWith("node:"))
        .map(({ specifier }) => packageOf(specifier)),
    );
    expect(used.filter((library) => !dependencies.includes(library))).toEqual([]);
  });

  test("every dependency users get has its place in the table of libraries", () => {
    const dependencies = Object.keys(JSON.parse(readText("package.json")).dependencies);
    expect(dependencies.filter((library) => !libraryPlaces.has(library))).toEqual([]);
  });
});

describe("the rule", () => {
  test.each([
    ["src/core/x.ts", `import type { Clock } from "../ports/clock.ts";`],
    ["src/core/x.ts", `import { hash } from "node:crypto";`],
    ["src/core/x.ts", `import { z } from "zod";`],
    ["src/ports/x.ts", `export type { App } from "../app.ts";`],
    ["src/service/dreams/x.ts", `import { createLoop } from "../../loops/loop.ts";`],
    ["src/service/dreams/x.ts", `import { DreamSchema } from "../../../gen/dream/v1/dream_pb.ts";`],
    ["src/loops/x.ts", `await import("../adapters/mongo/storage.ts");`],
    ["src/adapters/mongo/x.ts", `import { open } from "../sqlite/storage.ts";`],
    ["src/adapters/sqlite/x.ts", `import { MongoClient } from "mongodb";`],
    ["src/adapters/inproc/x.ts", `import { createGetDream } from "../../service/dreams/get-dream.ts";`],
    ["src/wire/honcho/x.ts", `import { convert } from "../native/convert.ts";`],
    ["src/wire/server.ts", `import { createApp } from "../app.ts";`],
    ["src/wire/native/x.ts", `import type { DreamStore } from "../../adapters/mongo/dream-store.ts";`],
    ["src/cli/x.ts", `import { createGetDream } from "../service/dreams/get-dream.ts";`],
    ["src/wire/native/x.ts", `let app: import("../../app.ts").App;`],
    ["src/elsewhere/x.ts", ""],
  ])("refuses %s with %s", (path, text) => {
    expect(forbiddenImports(parseSource(path, text))).toHaveLength(1);
  });

  test.each([
    ["src/core/x.ts", `import assert from "node:assert"; import { structuredPatch } from "diff";`],
    ["src/service/dreams/x.ts", `import type { Clock } from "../../ports/clock.ts";`],
    ["src/loops/x.ts", `import { finishCommit } from "../service/dreams/finish-commit.ts";`],
    ["src/adapters/mongo/x.ts", `import { MongoClient } from "mongodb"; import { a } from "./documents.ts";`],
    ["src/wire/native/x.ts", `import { D } from "../../../gen/dream/v1/dream_pb.ts"; import "../errors.ts";`],
    ["src/app.ts", `await import("./adapters/mongo/storage.ts"); import "./wire/server.ts";`],
    ["src/cli/x.ts", `import { createApp } from "../app.ts"; import { C } from "@connectrpc/connect";`],
  ])("allows %s with %s", (path, text) => {
    expect(forbiddenImports(parseSource(path, text))).toEqual([]);
  });
});
