/** What a caller may expect of a memory before it is written, and how it is told that it is otherwise. */
import { invalidArgument, ReveriedError } from "../../core/errors.ts";
import type { MemoryEntry } from "../../core/memory.ts";

/** Of a memory that is there; null for any. */
export interface Expected {
  readonly expectedSha256: string | null;
  readonly expectedVersion: number | null;
}

/** Refuses what no memory ever has. */
export function checkExpected({ expectedSha256, expectedVersion }: Expected): void {
  if (expectedSha256 !== null) checkSha256("expected_sha256", expectedSha256);
  if (expectedVersion !== null && expectedVersion < 1) {
    throw invalidArgument("expected_version", `must be at least 1, is ${expectedVersion}`);
  }
}

/** Refuses what is no SHA-256 in the one form that is ever shown. */
export function checkSha256(field: string, hash: string): void {
  if (!/^[0-9a-f]{64}$/.test(hash)) throw invalidArgument(field, "must be 64 lowercase hex digits");
}

/** Throws `version_mismatch`, with the hash the memory has now, unless it is as expected. */
export function requireExpected(id: string, entry: MemoryEntry, expected: Expected): void {
  const { expectedSha256, expectedVersion } = expected;
  if (expectedSha256 !== null && expectedSha256 !== entry.contentHash) {
    throw mismatch(
      "expected_sha256",
      `memory ${id} has the hash ${entry.contentHash} now, not ${expectedSha256}`,
      entry,
    );
  }
  if (expectedVersion !== null && expectedVersion !== entry.version) {
    throw mismatch(
      "expected_version",
      `memory ${id} has version ${entry.version} now, not ${expectedVersion}`,
      entry,
    );
  }
}

/** `there` is what is at the path or has the id now; undefined for nothing, which is told as an empty hash. */
export function mismatch(field: string, what: string, there: MemoryEntry | undefined): ReveriedError {
  return new ReveriedError("version_mismatch", `${field}: ${what}; read it again`, {
    details: { field, currentHash: there?.contentHash ?? "" },
  });
}
