import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { exitCodes } from "../../src/cli/exit-codes.ts";
import { configOptions } from "../../src/config.ts";
import { startNats } from "../support/services.ts";
import { describeWith, freshName } from "../support/with-services.ts";
import { type Block, type Clone, freePort, makeClone, readmeBlocks } from "./readme-blocks.ts";
import { readText } from "./source-files.ts";

const blocks = readmeBlocks();
const lines = readText("README.md").split("\n");
const install = "npm ci && ";
/** What cannot be run from within a test, with the reason. */
const notRun: ReadonlyMap<string, string> = new Map([["npm ci && npm test", "it runs this test"]]);
const ready = /"msg":"ready"/;

function blocksOf(section: string, language?: string): readonly Block[] {
  return blocks.filter(
    (block) => block.section === section && (language ?? block.language) === block.language,
  );
}

/** The blocks at the places given, as one shell script: what one sets, the next may use. */
function script(section: string, from: number, to?: number): string {
  return blocksOf(section, "sh")
    .slice(from, to)
    .map(({ text }) => text)
    .join("\n");
}

describe("README.md", () => {
  test("shows how to see a dream and how to run the tests within its first 40 lines", () => {
    const first = lines.slice(0, 40);
    expect(first).toContain(`${install}npm run demo`);
    expect(first).toContain(`${install}npm test`);
  });

  test("has no code block that the tests below do not know", () => {
    const known = blocks.map(({ section, language }) => `${section}: ${language}`);
    expect(known).toEqual([
      ...["reveried: sh", "reveried: sh", "reveried: sh", "reveried: sh"],
      ...["gRPC: sh", "gRPC: js"],
      ...["JSON over HTTP: sh", "JSON over HTTP: sh"],
      "Memory: sh",
      ...["NATS: sh", "NATS: js", "NATS: js"],
      ...["Operation: sh", "Operation: sh", "Operation: sh"],
    ]);
    for (const text of notRun.keys()) expect(blocks.map((block) => block.text)).toContain(text);
  });

  test("lists every setting with its variable, flag, default and meaning", () => {
    const rows = configOptions.map(({ env, flag, default: fallback, help }) => {
      return `| \`${env}\` | \`--${flag}\` | ${fallback === "" ? "" : `\`${fallback}\``} | ${help} |`;
    });
    expect(tableUnder("## Configuration")).toEqual(rows);
  });

  test("lists every command and every exit code", () => {
    const rows = commands.map(({ name, usage, summary }) => {
      return `| \`${name}${usage === "" ? "" : ` ${usage}`}\` | ${summary} |`;
    });
    const codes = Object.values(exitCodes).map(({ code, meaning }) => `| ${code} | ${meaning} |`);
    expect(tableUnder("## Command line")).toEqual(rows);
    expect(tableUnder("| exit code | meaning |")).toEqual(codes);
  });

  test("links only to what is there", () => {
    const prose = readText("README.md").replaceAll(/^```[\s\S]*?^```$/gm, "");
    const links = [...prose.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => path ?? "");
    expect(links.length).toBeGreaterThan(2);
    for (const path of links) expect(() => readTextOrFolder(path)).not.toThrow();
  });
});

describe("README.md as printed, with nothing but the clone", () => {
  test("runs the demo, dreams over notes, starts the service and serves gRPC and JSON", {
    timeout: 180_000,
  }, async () => {
    const port = await freePort();
    await using clone = await makeClone({ "4600": port }, { REVERIED_PORT: port });
    const [demo, tests, dream, start] = blocksOf("reveried");
    expect(notRun.has(tests?.text ?? "")).toBe(true);
    expect(await clone.run("sh", demo?.text.replace(install, "") ?? "")).toMatch(/^ {2}result +/m);
    expect(await clone.run("sh", dream?.text ?? "")).toMatch(/Written: \d+ notes in dreamt/);
    expect(await clone.files()).toContain("dreamt");
    const server = await clone.start("sh", start?.text ?? "", ready);

    const listed = await clone.run("sh", script("gRPC", 0));
    expect(listed).toContain("dream.v1.DreamService/CreateDream");
    expect(listed.trimEnd()).toMatch(/^\{\}$/m);
    const grpc = await clone.run("js", blocksOf("gRPC", "js")[0]?.text ?? "");
    expect(grpc).toMatch(
      /^1 DREAM_EVENT_KIND_CREATED\n2 DREAM_EVENT_KIND_STARTED\n3 DREAM_EVENT_KIND_COMPLETED$/m,
    );
    expect(grpc).toMatch(/^\/team\.md @@/m);
    expect(grpc).toMatch(/^\+.*Tuesday at 14:00 UTC/m);

    const json = await clone.run("sh", script("JSON over HTTP", 0));
    expect(json).toMatch(/^status +completed$/m);
    expect(json).toMatch(/^ {2}- We deploy Pierbook every Thursday/m);
    expect(json).toContain('"status":"DREAM_STATUS_COMPLETED"');
    const memory = await clone.run("sh", script("Memory", 0));
    expect(memory).toMatch(/^status +completed$/m);
    expect(memory).toMatch(/^Undid dream drm_/m);
    expect(await clone.files()).toContain("notes-now");
    await clone.run("sh", script("Operation", 1));
    expect(await clone.files()).toContain("backup.jsonl");
    expect(await clone.run("sh", script("Operation", 2))).toContain("is ready");
    await server.stop();
  });
});

await describeWith(["nats"], "README.md as printed, with NATS", () => {
  test("publishes events that both readers see", { timeout: 120_000 }, async () => {
    const port = await freePort();
    // A server of its own: the stream has the name that is printed, and only these dreams are in it.
    const nats = await startNats();
    await using stopping = new AsyncDisposableStack();
    stopping.defer(() => nats.stop());
    const names = { "4600": port, "4222": String(nats.port) };
    await using clone = await makeClone(names, { REVERIED_PORT: port });
    const [, first, second] = blocksOf("NATS");
    await clone.start("sh", script("NATS", 0), ready);
    await makeDream(clone);
    await clone.start("js", first?.text ?? "", /^drm_\w+ 1 DREAM_EVENT_KIND_CREATED$/m);
    await clone.start("js", second?.text ?? "", /^drm_\w+ is in memstore_\w+$/m);
  });
});

await describeWith(
  ["mongodb", "nats"],
  "README.md as printed, with MongoDB and NATS",
  ([mongoUrl, natsUrl]) => {
    test("starts processes of different roles that share the work", { timeout: 180_000 }, async () => {
      const port = await freePort();
      const names = { "4600": port, "4222": new URL(natsUrl).port, "27017": new URL(mongoUrl).port };
      const settings = { REVERIED_PORT: port, REVERIED_MONGODB_DATABASE: freshName() };
      await using clone = await makeClone(names, settings);
      const [exported = "", migrate = "", ...serves] = script("Operation", 0, 1).split("\n");
      expect(await clone.run("sh", `${exported}\n${migrate}`)).toContain("made it ready");
      for (const serve of serves) await clone.start("sh", `${exported}\n${serve}`, ready);
      expect(await clone.run("sh", script("Operation", 2))).toContain("ok  mongodb");
      expect(await makeDream(clone)).toMatch(/^status +completed$/m);
    });
  },
);

/** A dream by the lines of the JSON section; answers with what those that follow it write. */
function makeDream(clone: Clone): Promise<string> {
  return clone.run("sh", script("JSON over HTTP", 0));
}

/** The rows of the first table below a line. */
function tableUnder(line: string): readonly string[] {
  const at = lines.indexOf(line);
  expect(at, line).toBeGreaterThan(-1);
  const head = lines.findIndex((text, index) => index >= at && /^\| ---/.test(text));
  const end = lines.findIndex((text, index) => index > head && !text.startsWith("|"));
  return lines.slice(head + 1, end);
}

function readTextOrFolder(path: string): unknown {
  return path === "proto/dream/v1" ? readText(join(path, "dream.proto")) : readText(path);
}
