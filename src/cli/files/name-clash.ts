/** Names that are two where letter case counts, and one where it does not. */
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, fileError, shownPath } from "./file-error.ts";

/** Whether the disk has something by that name, by the disk's own idea of which names are one. */
export type IsThere = (file: string) => Promise<boolean>;

export interface NameClashes {
  /**
   * Takes the next path that will be written below `root`, and answers with the names among it and its folders that clash
   * with ones before where letter case does not count. Throws, naming both, when the disk itself takes two for one.
   */
  add(path: string): Promise<readonly string[]>;
}

export function createNameClashes(root: string, isThere: IsThere = isOnDisk): NameClashes {
  const made = new Set<string>();
  const folded = new Map<string, string>();
  return {
    async add(path) {
      const clashing: string[] = [];
      for (const part of partsOf(path)) {
        const key = fold(part);
        const other = folded.get(key);
        if (other === undefined) folded.set(key, part);
        else if (other !== part) {
          // Not made yet, so if it is there all the same, it is the other one.
          if (!made.has(part) && (await isThere(join(root, ...part.split("/")))))
            throw clash(path, part, other);
          clashing.push(other);
        }
        made.add(part);
      }
      return clashing;
    },
  };
}

/** The folders of a path from the outermost, then the path itself. */
function partsOf(path: string): string[] {
  const segments = path.slice(1).split("/");
  return segments.map((_, depth) => `/${segments.slice(0, depth + 1).join("/")}`);
}

/** By way of capitals, so that letters with several small forms, as of a Greek s or a German sharp s, are one. */
function fold(part: string): string {
  return part.toUpperCase().toLowerCase().normalize("NFC");
}

function clash(path: string, part: string, other: string): Error {
  const names = `${shownPath(part)} and ${shownPath(other)}`;
  return fileError(
    shownPath(path),
    `${names} are one name on this disk, where letter case does not count; rename one, or use another disk`,
  );
}

async function isOnDisk(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}
