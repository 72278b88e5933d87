import { invalidArgument } from "./errors.ts";

export const engineNames = ["offline"] as const;
export type EngineName = (typeof engineNames)[number];

/** One entry of the model map: a name, or a glob with `*`, and the engine that serves it. */
export interface ModelRoute {
  readonly pattern: string;
  readonly engine: EngineName;
}

/** What is served when nothing is configured: the three names that hosted dream services use, all without a model. */
export const defaultModelRoutes: readonly ModelRoute[] = [
  { pattern: "auto", engine: "offline" },
  { pattern: "lite", engine: "offline" },
  { pattern: "ultimate", engine: "offline" },
];

/** The engine for a model name, the first route that fits; `invalid_argument` lists what is configured. */
export function resolveModel(routes: readonly ModelRoute[], model: string): EngineName {
  const route = routes.find(({ pattern }) => matches(pattern, model));
  if (route !== undefined) return route.engine;
  const known = routes.map(({ pattern }) => pattern).join(", ");
  throw invalidArgument("model", `${JSON.stringify(model)} is not configured here; configured: ${known}`);
}

function matches(pattern: string, model: string): boolean {
  if (!pattern.includes("*")) return pattern === model;
  const parts = pattern.split("*");
  const first = parts[0] ?? "";
  const last = parts.at(-1) ?? "";
  if (!model.startsWith(first) || !model.endsWith(last) || model.length < first.length + last.length)
    return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = model.indexOf(part, at);
    if (found === -1 || found + part.length > model.length - last.length) return false;
    at = found + part.length;
  }
  return true;
}
