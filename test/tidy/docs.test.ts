import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path/posix";
import { describe, expect, test } from "vitest";
import { drawStates } from "../../scripts/draw-states.ts";
import { configOptions } from "../../src/config.ts";
import { filesBelow, readSources, readText, root } from "./source-files.ts";

const atTheTop = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
const pages = [...atTheTop, ...filesBelow("docs"), ...filesBelow("examples")]
  .filter((path) => path.endsWith(".md") && existsSync(join(root, path)))
  // The notes of the example are data: what they say and link is theirs.
  .filter((path) => !path.startsWith("examples/") || basename(path) === "README.md");

describe("the documents", () => {
  test.each(atTheTop)("%s is there", (path) => {
    expect(existsSync(join(root, path))).toBe(true);
  });

  test("every link inside the project leads somewhere", () => {
    expect(pages.flatMap((path) => brokenLinks(path, readText(path)))).toEqual([]);
  });

  test("every file that a page names in code type exists", () => {
    const missing = pages.flatMap((path) =>
      [...readText(path).matchAll(/`((?:src|test|proto|docs|scripts|bench|deploy|gen|bin)\/[\w./-]+)`/g)]
        .map(([, named = ""]) => named)
        .filter((named) => !existsSync(join(root, named)))
        .map((named) => `${path}: ${named}`),
    );
    expect(missing).toEqual([]);
  });

  test("every npm script that a page names exists", () => {
    const scripts: unknown = JSON.parse(readText("package.json")).scripts ?? {};
    const missing = pages.flatMap((path) =>
      scriptsNamed(readText(path))
        .filter((name) => !Object.hasOwn(scripts as object, name))
        .map((name) => `${path}: npm run ${name}`),
    );
    expect(missing).toEqual([]);
  });

  test("docs/states.md is what the table of moves draws", () => {
    expect(readText("docs/states.md"), "run `npm run gen`").toBe(drawStates());
  });

  test("the README's table has each option with its flag and its default, and no other", () => {
    const rows = optionRows(readText("README.md"));
    expect([...rows.keys()].sort()).toEqual(configOptions.map(({ env }) => env).sort());
    const wrong = configOptions.filter(({ env, flag, default: value }) => {
      const row = rows.get(env) ?? "";
      return !row.includes(`--${flag}`) || (value !== "" && !row.includes(value));
    });
    expect(wrong.map(({ env }) => env)).toEqual([]);
  });

  test("the changelog has a place for what is not released yet, and its headings in order", () => {
    const headings = [...readText("CHANGELOG.md").matchAll(/^## (.*)$/gm)].map(([, heading = ""]) => heading);
    expect(headings[0]).toBe("[Unreleased]");
    const released = headings.slice(1);
    for (const heading of released) expect(heading).toMatch(/^\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}$/);
    const groups = [...readText("CHANGELOG.md").matchAll(/^### (.*)$/gm)].map(([, group = ""]) => group);
    const known = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
    expect(groups.filter((group) => !known.includes(group))).toEqual([]);
  });

  test("a decision record is named by date and title, and has its four parts", () => {
    const records = filesBelow("docs/decisions");
    expect(records.length).toBeGreaterThan(0);
    for (const path of records) {
      expect(basename(path)).toMatch(/^\d{4}-\d{2}-\d{2}-[a-z0-9]+(-[a-z0-9]+)*\.md$/);
      const headings = [...readText(path).matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
      expect(headings, path).toEqual(["Context", "Choice", "Cost", "What else was weighed"]);
    }
  });

  test("the lock file names no host to fetch from", () => {
    expect(readText("package-lock.json")).not.toContain('"resolved"');
  });
});

describe("the words", () => {
  // Each promises a feeling in place of a fact that a reader could check.
  const selling =
    /\b(amazing(ly)?|awesome|best-in-class|blazing(ly)?|cutting-edge|effortless(ly)?|enterprise-grade|game-chang\w+|lightning[- ]fast|magical(ly)?|next-gen\w*|powerful|production-ready|revolutionary|robust(ly|ness)?|seamless(ly)?|state-of-the-art|super[- ]fast|supercharge\w*|world-class)\b/i;

  test("no page sells", () => {
    const found = pages.flatMap((path) =>
      readText(path)
        .split("\n")
        .flatMap((line, index) =>
          selling.test(line) ? [`${path}:${index + 1}: ${selling.exec(line)?.[0]}`] : [],
        ),
    );
    expect(found).toEqual([]);
  });

  test("no comment sells", () => {
    const found = readSources("src", "test", "bench", "scripts").flatMap(({ path, comments, lineAt }) =>
      comments.filter(({ value }) => selling.test(value)).map(({ start }) => `${path}:${lineAt(start)}`),
    );
    expect(found).toEqual([]);
  });
});

describe("the rules see", () => {
  test("a link to a missing file and to a missing heading", () => {
    const text =
      "# One\n[a](CONTRIBUTING.md) [b](#one) [c](nowhere.md) [d](#two) [e](https://example.com/x)\n";
    expect(brokenLinks("README.md", text)).toEqual(["README.md: nowhere.md", "README.md: #two"]);
  });

  test("scripts in prose, in blocks and behind another command", () => {
    const text = "`npm start` and npm test\n    npm ci && npm run demo\nnpm run sim -- --seed 4";
    expect(scriptsNamed(text).sort()).toEqual(["demo", "sim", "start", "test"]);
  });
});

/** Links that lead to no file, or to no heading of the page they name. */
function brokenLinks(path: string, text: string): string[] {
  const prose = text.replace(/```[\s\S]*?```/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = ""]) => link)
    .filter((link) => !/^(https?|mailto):/.test(link))
    .filter((link) => {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : join(dirname(path), file);
      if (file !== "" && !existsSync(join(root, target))) return true;
      if (anchor === undefined || !target.endsWith(".md")) return false;
      return !anchorsOf(file === "" ? text : readText(target)).includes(anchor);
    })
    .map((link) => `${path}: ${link}`);
}

/** The anchors that GitHub makes of headings. */
function anchorsOf(text: string): string[] {
  const prose = text.replace(/```[\s\S]*?```/g, "");
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function scriptsNamed(text: string): string[] {
  const run = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name = ""]) => name);
  const short = [...text.matchAll(/\bnpm (start|test)\b/g)].map(([, name = ""]) => name);
  return [...new Set([...run, ...short])];
}

/** Rows of the README's tables that tell of one of our environment variables, by that variable. */
function optionRows(text: string): Map<string, string> {
  const rows = new Map<string, string>();
  for (const [row, name = ""] of text.matchAll(/^\| *`(REVERIED_\w+)`.*$/gm)) rows.set(name, row);
  return rows;
}
