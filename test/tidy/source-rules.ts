/** The house rules that a syntax tree can check. Each takes a file and answers with its breaches, as `path:line: what`. */
import { isNode, type SourceFile, type SyntaxNode, walk } from "./source-files.ts";

const functionLinesMax = 70;
const functionTypes = ["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"];
/** Globals that are time or chance; they enter by the ports Clock and Random. */
const timeGlobals = [
  "Date",
  "Temporal",
  "performance",
  "setImmediate",
  "setInterval",
  "setTimeout",
  "crypto",
];
const timeModules = ["node:crypto", "node:perf_hooks", "node:timers", "node:timers/promises"];

/** Functions over 70 lines. The lines of functions inside count for those, so a factory may hold many short ones. */
export function longFunctions({ path, program, lineAt }: SourceFile): string[] {
  const found: string[] = [];
  walk(program, (node) => {
    if (!functionTypes.includes(node.type)) return;
    const lines = linesOf(node) - innerFunctions(node).reduce((sum, inner) => sum + linesOf(inner) - 1, 0);
    if (lines > functionLinesMax) found.push(`${path}:${lineAt(node.start)}: a function of ${lines} lines`);
  });
  return found;

  function linesOf(node: SyntaxNode): number {
    return lineAt(node.end - 1) - lineAt(node.start) + 1;
  }
}

/** The outermost functions inside another. */
function innerFunctions(outer: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  walk(outer, (node, parents) => {
    const nested = parents.slice(1).some(({ type }) => functionTypes.includes(type));
    if (node !== outer && !nested && functionTypes.includes(node.type)) found.push(node);
  });
  return found;
}

/** Time, timers and chance. Where `formats`, a `Date` made from a number or text is allowed, and `Date` as a type. */
export function clockUses(file: SourceFile, formats: boolean): string[] {
  const { path, program, lineAt, imports } = file;
  const found = imports
    .filter(({ specifier }) => timeModules.includes(specifier))
    .map(({ specifier, line }) => `${path}:${line}: imports ${specifier}`);
  walk(program, (node, parents) => {
    const name = globalName(node, parents);
    if (name === null) return;
    const use = timeUse(name, parents.at(-1), formats);
    if (use !== null) found.push(`${path}:${lineAt(node.start)}: uses ${use}`);
  });
  return found;
}

function timeUse(name: string, parent: SyntaxNode | undefined, formats: boolean): string | null {
  const member = parent?.type === "MemberExpression" ? propertyName(parent) : null;
  if (name === "Math") return member === "random" ? "Math.random" : null;
  if (name === "AbortSignal") return member === "timeout" ? "AbortSignal.timeout" : null;
  if (!timeGlobals.includes(name)) return null;
  if (name === "Date" && formats) {
    if (member !== null) return member === "now" ? "Date.now" : null;
    const made = parent?.type === "NewExpression" && Array.isArray(parent.arguments);
    if (made) return (parent.arguments as readonly unknown[]).length === 0 ? "new Date()" : null;
    return parent?.type === "CallExpression" ? "Date()" : null;
  }
  return name;
}

/** `process.env`, `process.exit` and signal handlers, by the name of the member; also members taken out of `node:process`. */
export function processUses(file: SourceFile, members: readonly string[]): string[] {
  const { path, program, lineAt } = file;
  const found: string[] = [];
  walk(program, (node, parents) => {
    const parent = parents.at(-1);
    if (globalName(node, parents) === "process") {
      // `globalThis.process.env` is a member of a member.
      const holder = parent?.property === node ? parents.at(-2) : parent;
      const member = holder?.type === "MemberExpression" ? propertyName(holder) : null;
      if (member !== null && members.includes(member))
        found.push(`${path}:${lineAt(node.start)}: uses process.${member}`);
    }
    if (node.type === "ImportSpecifier" && importsProcess(parent) && isNode(node.imported)) {
      const name = String(node.imported.name);
      if (members.includes(name))
        found.push(`${path}:${lineAt(node.start)}: imports ${name} of node:process`);
    }
  });
  return found;
}

function importsProcess(node: SyntaxNode | undefined): boolean {
  return isNode(node?.source) && (node.source.value === "node:process" || node.source.value === "process");
}

/** `console`, by which only a command talks; everything else has the port Log. */
export function consoleUses({ path, program, lineAt }: SourceFile): string[] {
  const found: string[] = [];
  walk(program, (node, parents) => {
    if (globalName(node, parents) === "console") found.push(`${path}:${lineAt(node.start)}: uses console`);
  });
  return found;
}

/** What style forbids by its mere presence: `any`, enums, default exports, `.only`, classes that are no errors, plain errors thrown. */
export function forbiddenSyntax(file: SourceFile): string[] {
  const { path, program, lineAt } = file;
  const found: string[] = [];
  walk(program, (node) => {
    const what = forbidden(node, path);
    if (what !== null) found.push(`${path}:${lineAt(node.start)}: ${what}`);
  });
  return found;
}

function forbidden(node: SyntaxNode, path: string): string | null {
  switch (node.type) {
    case "TSAnyKeyword":
      return "any";
    case "TSEnumDeclaration":
      return "an enum";
    case "ExportDefaultDeclaration":
      return path === "vitest.config.ts" || path.endsWith(".d.ts") ? null : "a default export";
    case "MemberExpression":
      return path.endsWith(".test.ts") && propertyName(node) === "only" ? ".only" : null;
    case "ClassDeclaration":
    case "ClassExpression":
      return isNode(node.superClass) ? null : "a class that is no error";
    default:
      return null;
  }
}

/** Errors thrown on purpose that are not a `ReveriedError`; `lib` knows no kinds and may say a bug is a bug. */
export function plainErrors({ path, program, lineAt }: SourceFile): string[] {
  const found: string[] = [];
  walk(program, (node) => {
    if (node.type !== "ThrowStatement" || !isNode(node.argument) || node.argument.type !== "NewExpression")
      return;
    const callee = node.argument.callee;
    const name = isNode(callee) ? String(callee.name) : "";
    if (/^(Error|TypeError|RangeError|SyntaxError|AggregateError)$/.test(name)) {
      found.push(`${path}:${lineAt(node.start)}: throws a plain ${name}`);
    }
  });
  return found;
}

/** State that outlives a call, and work done by importing: `let` at the top, or a statement there that runs. */
export function workAtImport({ path, program, lineAt }: SourceFile): string[] {
  return program.body.flatMap((statement) => {
    const declared = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    const mutable = declared?.type === "VariableDeclaration" && declared.kind !== "const";
    const runs = /^(ExpressionStatement|If|For|While|Try|Switch|Block)/.test(statement.type);
    if (!mutable && !runs) return [];
    return [
      `${path}:${lineAt(statement.start)}: ${mutable ? "mutable state of the module" : "runs at import"}`,
    ];
  });
}

/**
 * Exported functions of more than two statements without a doc comment. A factory may leave it to the type it returns
 * or that type's members, or to the comment at the head of its file.
 */
export function undocumented(file: SourceFile): string[] {
  const { path, program, lineAt, comments } = file;
  const exported = exportsOf(program);
  const documented = new Set(exported.filter(({ start }) => hasDoc(file, start)).map(({ name }) => name));
  const types = exported.filter(({ kind, start, end }) => {
    return kind === "type" && comments.some((comment) => comment.start > start && comment.end < end);
  });
  for (const { name } of types) documented.add(name);
  const headed = comments.some(({ value, end }) => value.startsWith("*") && end <= program.start);
  return exported.flatMap(({ name, start, kind, returns, statements }) => {
    if (kind !== "function" || statements <= 2 || documented.has(name)) return [];
    if (returns !== null && documented.has(returns)) return [];
    if (headed && name.startsWith("create")) return [];
    return [`${path}:${lineAt(start)}: ${name} has no doc comment`];
  });
}

interface Exported {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly kind: "function" | "type";
  readonly statements: number;
  readonly returns: string | null;
}

function exportsOf(program: SourceFile["program"]): Exported[] {
  return program.body.flatMap((statement) => {
    if (statement.type !== "ExportNamedDeclaration") return [];
    const made: unknown = statement.declaration;
    if (!isNode(made) || !isNode(made.id)) return [];
    const { start, end } = statement;
    const kind = made.type === "FunctionDeclaration" ? ("function" as const) : ("type" as const);
    const body = isNode(made.body) && Array.isArray(made.body.body) ? made.body.body : [];
    return [
      { name: String(made.id.name), start, end, kind, statements: body.length, returns: returnedType(made) },
    ];
  });
}

/** The name of the type a function says it returns, `Promise<…>` taken off. */
function returnedType(declaration: SyntaxNode): string | null {
  let type = isNode(declaration.returnType) ? declaration.returnType.typeAnnotation : null;
  if (isNode(type) && isNode(type.typeArguments) && Array.isArray(type.typeArguments.params)) {
    type = type.typeArguments.params[0];
  }
  if (!isNode(type) || !isNode(type.typeName)) return null;
  return String(type.typeName.name);
}

function hasDoc({ comments, text }: SourceFile, start: number): boolean {
  return comments.some(
    (comment) =>
      comment.type === "Block" &&
      comment.value.startsWith("*") &&
      /^\s*$/.test(text.slice(comment.end, start)) &&
      comment.end <= start,
  );
}

/** Comments that put work off without saying where it is kept: an issue's number. */
export function unnumberedNotes({ path, comments, lineAt }: SourceFile): string[] {
  return comments
    .filter(({ value }) => /\b(TODO|FIXME|XXX|HACK)\b/.test(value) && !/#\d+/.test(value))
    .map(({ start }) => `${path}:${lineAt(start)}: a note without an issue's number`);
}

/** The name, when the node reads a global of that name: not a property, a key, or a name that the file gives itself. */
function globalName(node: SyntaxNode, parents: readonly SyntaxNode[]): string | null {
  if (node.type !== "Identifier") return null;
  const parent = parents.at(-1);
  if (parent?.type === "MemberExpression" && parent.property === node && parent.computed !== true) {
    const object = parent.object;
    return isNode(object) && object.name === "globalThis" ? String(node.name) : null;
  }
  if (parent?.type === "Property" && parent.key === node && parent.shorthand !== true) return null;
  if (
    /^(TSPropertySignature|TSMethodSignature|PropertyDefinition|MethodDefinition)$/.test(parent?.type ?? "")
  ) {
    return parent?.key === node ? null : String(node.name);
  }
  if (/^(ImportSpecifier|TSQualifiedName)$/.test(parent?.type ?? "")) return null;
  return String(node.name);
}

function propertyName(member: SyntaxNode): string | null {
  const { property } = member;
  if (!isNode(property)) return null;
  return property.type === "Identifier" ? String(property.name) : String(property.value ?? "");
}
