import { invalidArgument } from "./errors.ts";
import { limits } from "./limits.ts";
import { checkPath } from "./memory-path.ts";

/** Whether a dream must leave the path alone: it is one of the protected, or lies below one that ends in "/". */
export function isProtected(paths: readonly string[], path: string): boolean {
  return paths.some((one) => (one.endsWith("/") ? path.startsWith(one) : path === one));
}

/** Refuses more paths than a store may protect, one that is named twice, and one that is not canonical but for a "/" at its end. */
export function checkProtectedPaths(field: string, paths: readonly string[]): void {
  const max = limits.protectedPathsPerStore;
  if (paths.length > max) throw invalidArgument(field, `must be at most ${max}, are ${paths.length}`, max);
  const seen = new Set<string>();
  for (const [index, path] of paths.entries()) {
    const name = `${field}[${index}]`;
    // "/" alone is the folder of all paths.
    if (path !== "/") checkPath(name, path.endsWith("/") ? path.slice(0, -1) : path);
    if (seen.has(path)) throw invalidArgument(name, `${JSON.stringify(path)} is named twice`);
    seen.add(path);
  }
}
