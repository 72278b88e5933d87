import { hostname } from "node:os";
import { basename } from "node:path/posix";
import { describe, expect, test } from "vitest";
import {
  filesBelow,
  isTest,
  parseSource,
  readSources,
  readText,
  root,
  type SourceFile,
} from "./source-files.ts";
import * as rules from "./source-rules.ts";

const code = readSources("src", "bench", "scripts", "test", "examples");
const shipped = code.filter(({ path }) => path.startsWith("src/") && !isTest(path));
const texts = ["src", "bench", "bin", "deploy", "docs", "examples", "proto", "scripts", "test", ".ci"]
  .flatMap((folder) => filesBelow(folder))
  .concat("package.json", "biome.json", "tsconfig.json", "buf.yaml", "buf.gen.yaml", "vitest.config.ts")
  .filter((path) => /\.(ts|js|json|jsonl|md|proto|ya?ml|css|html|sh)$|(^|\/)[^.]+$/.test(path));

function allBut(files: readonly SourceFile[], except: RegExp): SourceFile[] {
  return files.filter(({ path }) => !except.test(path));
}

describe("every file", () => {
  test("has at most 300 lines, a test or a suite 500", () => {
    const long = code.filter(({ path, text }) => {
      const max = isTest(path) || path.startsWith("test/") ? 500 : 300;
      return text.split("\n").length - 1 > max;
    });
    expect(long.map(({ path, text }) => `${path}: ${text.split("\n").length - 1}`)).toEqual([]);
  });

  test("is named in kebab-case", () => {
    const odd = code.filter(({ path }) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.d)?\.ts$/.test(basename(path)));
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  test("has no function over 70 lines", () => {
    // A suite is one function by the way it is written, and is read one test at a time.
    const read = allBut(code, /\.test\.ts$|^test\/contract\//);
    expect(read.flatMap(rules.longFunctions)).toEqual([]);
  });

  test("has no any, enum, default export, .only, or class that is no error", () => {
    expect(code.flatMap(rules.forbiddenSyntax)).toEqual([]);
  });

  test("puts no work off without an issue's number", () => {
    expect(code.flatMap(rules.unnumberedNotes)).toEqual([]);
  });

  test("names no folder of a developer's machine", () => {
    const private_ = [root, hostname()].filter((name) => name.length > 8);
    const home = /(?:\/Users|[A-Z]:\\Users|\/home)[/\\](?!node\b)\w+|\/root\//;
    const found = texts.filter((path) => {
      const text = readText(path);
      const fixture = path.startsWith("test/fixtures/") || path.startsWith("examples/");
      return private_.some((name) => text.includes(name)) || (!fixture && home.test(text));
    });
    expect(found.filter((path) => path !== "test/tidy/source.test.ts")).toEqual([]);
  });
});

describe("shipped code", () => {
  test("takes time and chance from the ports", () => {
    const strict = allBut(shipped, /^src\/(adapters|wire|cli)\//);
    const formatting = shipped.filter(({ path }) => /^src\/(adapters\/(?!system\/)|wire\/|cli\/)/.test(path));
    const uses = [
      ...strict.flatMap((file) => rules.clockUses(file, false)),
      ...formatting.flatMap((file) => rules.clockUses(file, true)),
    ];
    expect(uses).toEqual([]);
  });

  test("reads the environment in config.ts only", () => {
    const uses = allBut(shipped, /^src\/config\.ts$/).flatMap((file) => rules.processUses(file, ["env"]));
    expect(uses).toEqual([]);
  });

  test("ends the process and handles signals in main.ts only", () => {
    const members = ["exit", "abort", "kill", "on", "once", "addListener"];
    const uses = allBut(shipped, /^src\/main\.ts$/).flatMap((file) => rules.processUses(file, members));
    expect(uses).toEqual([]);
  });

  test("talks to a terminal in main.ts and commands only, the log aside", () => {
    const quiet = allBut(shipped, /^src\/(main\.ts$|cli\/|adapters\/system\/)/);
    const streams = ["stdin", "stdout", "stderr", "argv"];
    expect([
      ...quiet.flatMap(rules.consoleUses),
      ...quiet.flatMap((file) => rules.processUses(file, streams)),
    ]).toEqual([]);
  });

  test("throws no plain error", () => {
    expect(allBut(shipped, /^src\/lib\//).flatMap(rules.plainErrors)).toEqual([]);
  });

  test("keeps no state in a module and does nothing when imported", () => {
    // A program's or a thread's first file is run, not imported.
    expect(allBut(shipped, /^src\/main\.ts$|-(thread|entry)\.ts$/).flatMap(rules.workAtImport)).toEqual([]);
  });

  test("says of each exported function of core, ports, service and loops what it promises", () => {
    const inner = shipped.filter(({ path }) => /^src\/(core|ports|service|loops)\//.test(path));
    expect(inner.flatMap(rules.undocumented)).toEqual([]);
  });
});

describe("the rules see", () => {
  const lines = (count: number) => "  let x = 0;\n".repeat(count);

  test("a long function, but not a factory of short ones", () => {
    const long = parseSource("src/a.ts", `export function a() {\n${lines(70)}}\n`);
    const factory = parseSource(
      "src/a.ts",
      `export function a() {\nreturn { b() {\n${lines(60)}}, c() {\n${lines(60)}} };\n}\n`,
    );
    expect(rules.longFunctions(long)).toEqual(["src/a.ts:1: a function of 72 lines"]);
    expect(rules.longFunctions(factory)).toEqual([]);
  });

  test.each([
    "const a = Date.now();",
    "const a = new Date();",
    "const a = Date();",
    "setTimeout(() => {}, 1);",
    "globalThis.setInterval(() => {}, 1);",
    "const a = performance.now();",
    "const a = Math.random();",
    "const a = { r: crypto.randomUUID() };",
    "const signal = AbortSignal.timeout(5);",
    `import { randomBytes } from "node:crypto";`,
    `const t = await import("node:timers/promises");`,
  ])("the clock in %s", (text) => {
    expect(rules.clockUses(parseSource("src/wire/a.ts", text), true)).toHaveLength(1);
  });

  test("a date that is only formatted, where that is allowed and where not", () => {
    const file = parseSource("src/a.ts", "const a = (ms: number): Date => new Date(ms);");
    expect(rules.clockUses(file, true)).toEqual([]);
    expect(rules.clockUses(file, false)).not.toEqual([]);
  });

  test("a socket's own timer as no timer", () => {
    expect(
      rules.clockUses(parseSource("src/a.ts", "socket.setTimeout(5); x = { setTimeout: 1 };"), false),
    ).toEqual([]);
  });

  test.each(["process.env.HOME", `process["env"].HOME`, "globalThis.process.env.HOME"])(
    "the environment in %s",
    (text) => {
      expect(rules.processUses(parseSource("src/a.ts", text), ["env"])).toHaveLength(1);
    },
  );

  test("the environment taken out of node:process", () => {
    const file = parseSource("src/a.ts", `import { env, platform } from "node:process";`);
    expect(rules.processUses(file, ["env"])).toEqual(["src/a.ts:1: imports env of node:process"]);
  });

  test.each(["let a: any;", "enum A { B }", "export default 1;", "class A {}", "test.only('x', f);"])(
    "%s",
    (text) => {
      expect(rules.forbiddenSyntax(parseSource("src/a.test.ts", text))).toHaveLength(1);
    },
  );

  test.each(["let a = 0;", "export let a = 0;", "start();", "if (a) b();", "await start();"])(
    "%s at the top",
    (text) => {
      expect(rules.workAtImport(parseSource("src/a.ts", text))).toHaveLength(1);
    },
  );

  test("a function without a doc comment, but not a factory of a documented type", () => {
    const text =
      "export function a() { b(); c(); d(); }\n/** Says. */\nexport type B = () => void;\nexport function createB(): B {}\n";
    expect(rules.undocumented(parseSource("src/a.ts", text))).toEqual(["src/a.ts:1: a has no doc comment"]);
  });

  test("the console, but not a folder of that name", () => {
    const file = parseSource(
      "src/a.ts",
      `console.log(1); import { console as page } from "./console/serve.ts";`,
    );
    expect(rules.consoleUses(file)).toEqual(["src/a.ts:1: uses console"]);
  });

  test("a note without a number, and a plain error", () => {
    const file = parseSource(
      "src/a.ts",
      "// TODO later\n// TODO(#12) later\nfunction a() { throw new Error('x'); }",
    );
    expect(rules.unnumberedNotes(file)).toHaveLength(1);
    expect(rules.plainErrors(file)).toHaveLength(1);
  });
});
