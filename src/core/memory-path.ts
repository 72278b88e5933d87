import { invalidArgument } from "./errors.ts";
import { limits } from "./limits.ts";

const encoder = new TextEncoder();
// Control, format, line and paragraph separators; and surrogates that stand alone.
const forbidden = /[\p{Cc}\p{Cf}\u2028\u2029\p{Cs}]/u;

/**
 * Refuses every path that is not canonical: it starts with `/`, has 1 to 20 segments, none of them empty, `.` or
 * `..`, is in Unicode form NFC, has no control or format characters and at most 1,024 bytes of UTF-8.
 * Paths are case-sensitive.
 */
export function checkPath(field: string, path: string): void {
  if (path.length === 0) throw invalidArgument(field, "must not be empty");
  if (!path.startsWith("/")) throw invalidArgument(field, `must start with "/", e.g. "/notes/team.md"`);
  if (path.length > limits.pathBytes || encoder.encode(path).length > limits.pathBytes) {
    throw invalidArgument(field, `must be at most ${limits.pathBytes} bytes of UTF-8`, limits.pathBytes);
  }
  if (forbidden.test(path)) {
    throw invalidArgument(field, "must not contain control, format or line separator characters");
  }
  if (path.normalize("NFC") !== path)
    throw invalidArgument(field, "must be in Unicode normalization form NFC");
  const segments = path.slice(1).split("/");
  if (segments.length > limits.pathSegments) {
    throw invalidArgument(field, `must have at most ${limits.pathSegments} segments`, limits.pathSegments);
  }
  for (const segment of segments) {
    if (segment === "")
      throw invalidArgument(field, `must not have an empty segment ("//" or a "/" at the end)`);
    if (segment === "." || segment === "..")
      throw invalidArgument(field, `must not have a segment "${segment}"`);
  }
}

/** The folders a path lies in, outermost first: `/a/b/c.md` gives `/a`, `/a/b`. */
export function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let slash = path.indexOf("/", 1); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    ancestors.push(path.slice(0, slash));
  }
  return ancestors;
}

/** The first text that sorts after the path; no path has a NUL. */
export function afterPath(path: string): string {
  return `${path}\0`;
}

/** The first text that sorts after all paths in the folder, which ends in "/": "0" is the character after it. */
export function afterFolder(folder: string): string {
  return `${folder.slice(0, -1)}0`;
}
