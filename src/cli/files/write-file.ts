import { lstat, mkdtemp, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, fileError, shownPath, translateFileError } from "./file-error.ts";

/**
 * Writes a file of parts. It is made beside its place first and then takes it, so that no half of it is ever there. A file
 * that is there is replaced only when `force` is given. The parts are asked for once the place is known to be free.
 *
 * Throws `invalid_argument`, in one line naming the file and what to do; then nothing is left.
 */
export async function writeFileOfParts(
  path: string,
  parts: AsyncIterable<string>,
  options: { readonly force: boolean },
): Promise<void> {
  await checkPlace(path, options.force);
  try {
    const temporary = await mkdtemp(`${path}.tmp-`);
    try {
      const staged = join(temporary, "file");
      const handle = await open(staged, "wx");
      try {
        for await (const part of parts) await handle.writeFile(part);
      } finally {
        await handle.close();
      }
      await checkPlace(path, options.force);
      await rename(staged, path);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  } catch (error) {
    throw translateFileError(path, error);
  }
}

async function checkPlace(path: string, force: boolean): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return null;
    throw translateFileError(path, error);
  });
  if (found === null) return;
  if (!found.isFile()) throw fileError(shownPath(path), "is there and no regular file; name a new file");
  if (!force)
    throw fileError(shownPath(path), "is there already; name a new file, or use --force to replace it");
}
