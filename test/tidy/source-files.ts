/** The project's own files as the tidy tests read them: text, and for TypeScript the parsed program. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { parseSync } from "vite";

type Parsed = ReturnType<typeof parseSync>;
type Program = Parsed["program"];

export const root = join(import.meta.dirname, "..", "..");

export interface ImportOf {
  /** As written: `../core/dream.ts`, `node:assert`, `nats`. */
  readonly specifier: string;
  readonly line: number;
}

export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly program: Program;
  readonly comments: Parsed["comments"];
  /** Static imports, re-exports and `import("…")`, types included. */
  readonly imports: readonly ImportOf[];
  /** From 1. */
  readonly lineAt: (offset: number) => number;
}

/** A node of the syntax tree, as far as a walk needs to know it. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

/** Paths, from `base`, of all files below one of its folders, sorted; empty when there is no such folder. */
export function filesBelow(folder: string, base: string = root): string[] {
  let found: string[];
  try {
    found = readdirSync(join(base, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(base, join(entry.parentPath, entry.name)).split(sep).join("/"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
  return found.filter((path) => !path.includes("node_modules/")).sort();
}

export function readText(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Every TypeScript file below the folders, parsed; throws on one that does not parse. */
export function readSources(...folders: readonly string[]): SourceFile[] {
  return folders
    .flatMap((folder) => filesBelow(folder))
    .filter((path) => path.endsWith(".ts"))
    .map((path) => parseSource(path, readText(path)));
}

/** One file from its text, for tests of the rules themselves. */
export function parseSource(path: string, text: string): SourceFile {
  // `parseSync` knows a declaration file by its name only.
  const { program, comments, errors } = parseSync(path, text, {
    lang: path.endsWith(".d.ts") ? "dts" : "ts",
  });
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  const lineAt = (offset: number) => starts.findLastIndex((start) => start <= offset) + 1;
  return { path, text, program, comments, lineAt, imports: importsOf(program, lineAt) };
}

function importsOf(program: Program, lineAt: (offset: number) => number): ImportOf[] {
  const imports: ImportOf[] = [];
  walk(program, (node) => {
    if (
      node.type === "ImportDeclaration" ||
      node.type === "ExportNamedDeclaration" ||
      node.type === "ExportAllDeclaration" ||
      node.type === "ImportExpression" ||
      node.type === "TSImportType"
    ) {
      const source = node.source;
      if (isNode(source) && typeof source.value === "string") {
        imports.push({ specifier: source.value, line: lineAt(node.start) });
      }
    }
  });
  return imports;
}

/** Visits every node, parents before children; `parents` ends with the nearest one. */
export function walk(
  program: Program | SyntaxNode,
  visit: (node: SyntaxNode, parents: readonly SyntaxNode[]) => void,
): void {
  const parents: SyntaxNode[] = [];
  descend(program);

  function descend(value: unknown): void {
    if (Array.isArray(value)) {
      for (const one of value) descend(one);
      return;
    }
    if (typeof value !== "object" || value === null) return;
    if (!isNode(value)) return;
    visit(value, parents);
    parents.push(value);
    for (const key in value) if (key !== "parent") descend(value[key]);
    parents.pop();
  }
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

export function isTest(path: string): boolean {
  return path.endsWith(".test.ts");
}
