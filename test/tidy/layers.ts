/** Who may import whom, as tables. A new folder, library or Node module needs its line here before it can be used. */
import { dirname, join } from "node:path/posix";
import type { SourceFile } from "./source-files.ts";

export interface Layer {
  readonly name: string;
  readonly files: RegExp;
  /** Files of the project it may import, beside those of its own `files`. */
  readonly imports: readonly RegExp[];
  /** Modules of Node it may import, or `all`. */
  readonly node: readonly string[] | "all";
}

const core = /^src\/core\//;
const lib = /^src\/lib\//;
const ports = /^src\/ports\//;
const service = /^src\/service\//;
const inner = [core, ports, lib];
/** What an adapter may use of Node: nothing that is a clock, a timer or chance. */
const adapterNode = ["node:assert", "node:buffer", "node:events", "node:url", "node:util"];

function adapter(name: string, node: readonly string[] = []): Layer {
  return {
    name: `adapters/${name}`,
    files: new RegExp(`^src/adapters/${name}/`),
    imports: inner,
    node: [...adapterNode, ...node],
  };
}

/** The first layer whose `files` fit is a file's layer. */
export const layers: readonly Layer[] = [
  { name: "core", files: core, imports: [lib], node: ["node:assert"] },
  { name: "lib", files: lib, imports: [], node: ["node:assert"] },
  { name: "ports", files: ports, imports: [core], node: [] },
  { name: "service", files: service, imports: inner, node: ["node:assert"] },
  { name: "loops", files: /^src\/loops\//, imports: [...inner, service], node: ["node:assert"] },
  adapter("system", ["node:crypto", "node:process", "node:timers/promises"]),
  adapter("sqlite", ["node:fs", "node:fs/promises", "node:path", "node:sqlite"]),
  adapter("mongo"),
  adapter("inproc"),
  { ...adapter("jetstream"), imports: [...inner, /^gen\/dream\//] },
  adapter("offline-engine", ["node:worker_threads"]),
  adapter("llm-engine"),
  adapter("auth"),
  ...["native", "anthropic", "qoder", "honcho"].map((dialect) => wire(dialect)),
  {
    name: "wire",
    files: /^src\/wire\//,
    imports: [...inner, service],
    node: wireNode(),
  },
  { name: "console", files: /^src\/console\//, imports: [core, lib], node: ["node:fs/promises", "node:url"] },
  {
    name: "cli",
    files: /^src\/cli\//,
    imports: [core, lib, /^gen\//, /^src\/(app|config)\.ts$/],
    node: "all",
  },
  // Beside its own files: the composition root's parts may be files of their own.
  { name: "app", files: /^src\/app(-[a-z-]+)?\.ts$/, imports: [/^src\/(?!main\.ts|cli\/)/], node: "all" },
  { name: "config", files: /^src\/config\.ts$/, imports: [core, lib], node: "all" },
  {
    name: "main",
    files: /^src\/main\.ts$/,
    imports: [core, lib, /^src\/(app|config)\.ts$/, /^src\/cli\//],
    node: "all",
  },
];

/** A dialect sees what all dialects share, but no other dialect; only the native one is made of generated code. */
function wire(dialect: string): Layer {
  const shared = /^src\/wire\/(?!(native|anthropic|qoder|honcho)\/)/;
  return {
    name: `wire/${dialect}`,
    files: new RegExp(`^src/wire/${dialect}/`),
    imports: [...inner, service, shared, ...(dialect === "native" ? [/^gen\//] : [])],
    node: wireNode(),
  };
}

function wireNode(): readonly string[] {
  return [
    "node:assert",
    "node:async_hooks",
    "node:buffer",
    "node:events",
    "node:http",
    "node:http2",
    "node:net",
    "node:stream",
    "node:tls",
    "node:util",
    "node:zlib",
  ];
}

/** The places where each library may be imported. A library that is not here may be imported nowhere. */
export const libraryPlaces: ReadonlyMap<string, readonly RegExp[]> = new Map([
  ["@bufbuild/protobuf", [/^src\/wire\//, /^src\/adapters\/jetstream\//, /^src\/cli\//]],
  ["@connectrpc/connect", [/^src\/wire\//, /^src\/cli\//]],
  ["@connectrpc/connect-node", [/^src\/wire\//, /^src\/cli\//]],
  ["@grpc/grpc-js", [/^src\/cli\//]],
  ["chrono-node", [core, /^src\/adapters\/offline-engine\//]],
  ["croner", [core]],
  ["diff", [core]],
  ["mongodb", [/^src\/adapters\/mongo\//]],
  ["nats", [/^src\/adapters\/jetstream\//]],
  ["pino", [/^src\/adapters\/system\//]],
  ["wink-porter2-stemmer", [core, /^src\/adapters\/offline-engine\//]],
  ["zod", [/^src\/config\.ts$/, /^src\/wire\/[a-z]+\/schema\.ts$/, /^src\/adapters\/llm-engine\/tools\.ts$/]],
]);

/** Every import of the file that its layer may not make, as `path:line: why`. */
export function forbiddenImports(file: SourceFile): string[] {
  const layer = layers.find(({ files }) => files.test(file.path));
  if (layer === undefined) return [`${file.path}: belongs to no layer`];
  return file.imports.flatMap(({ specifier, line }) => {
    const why = whyForbidden(layer, file.path, specifier);
    return why === null ? [] : [`${file.path}:${line}: ${why}`];
  });
}

function whyForbidden(layer: Layer, path: string, specifier: string): string | null {
  if (specifier.startsWith(".")) {
    const target = join(dirname(path), specifier);
    const allowed = [layer.files, ...layer.imports].some((pattern) => pattern.test(target));
    return allowed ? null : `${layer.name} may not import ${target}`;
  }
  if (specifier.startsWith("node:")) {
    const allowed = layer.node === "all" || layer.node.includes(specifier);
    return allowed ? null : `${layer.name} may not import ${specifier}`;
  }
  const library = packageOf(specifier);
  const places = libraryPlaces.get(library);
  if (places === undefined) return `${library} has no place in the table of libraries`;
  return places.some((place) => place.test(path)) ? null : `${library} may not be imported here`;
}

/** `@scope/name/sub` and `name/sub` to the package they name. */
export function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? "");
}
