import { invalidArgument } from "./errors.ts";
import { limits } from "./limits.ts";

/** The prefix of each kind of id. Callers treat ids as opaque; the prefix is for people reading logs. */
export const idPrefixes = {
  dream: "drm_",
  memoryStore: "memstore_",
  memory: "mem_",
  memoryVersion: "memver_",
  session: "sesn_",
  sessionEvent: "evt_",
  storeCommit: "cmt_",
} as const;

export type IdPrefix = (typeof idPrefixes)[keyof typeof idPrefixes];

/** How many random bytes `formatId` takes. */
export const idRandomBytes = 10;

const tenantPattern = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * A prefix and a UUIDv7 (RFC 9562, 5.7) in 32 hex digits: ids made later sort later, to the millisecond.
 * `nowMs` is Unix time; `random` must hold `idRandomBytes` bytes.
 */
export function formatId(prefix: IdPrefix, nowMs: number, random: Uint8Array): string {
  const time = Math.floor(nowMs).toString(16).padStart(12, "0");
  const bytes = Array.from(random.subarray(0, idRandomBytes));
  bytes[0] = ((bytes[0] ?? 0) & 0x0f) | 0x70;
  bytes[2] = ((bytes[2] ?? 0) & 0x3f) | 0x80;
  return prefix + time + bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** An id that follows from others: the same parts give the same id, on any node, in any attempt. */
export function derivedId(prefix: IdPrefix, sha256: (text: string) => string, ...parts: string[]): string {
  return prefix + sha256(parts.join("\n")).slice(0, 32);
}

/** Refuses only what cannot be an id at all; an id that names nothing is `not_found`, whatever its form. */
export function checkId(field: string, id: string): void {
  if (id.length === 0) throw invalidArgument(field, "must not be empty");
  // UTF-16 length bounds the number of code points from above, so the common case needs no second walk.
  if (id.length > limits.idLength && [...id].length > limits.idLength) {
    throw invalidArgument(field, `must be at most ${limits.idLength} characters`, limits.idLength);
  }
  if (/[\p{Cc}\p{Cs}]/u.test(id)) {
    throw invalidArgument(field, "must not contain control characters or surrogates that stand alone");
  }
}

/** Tenants become a part of bus subjects, so nothing but these letters may ever enter (a space would hang a publish). */
export function checkTenant(field: string, tenant: string): void {
  if (!tenantPattern.test(tenant)) {
    throw invalidArgument(
      field,
      `must be 1 to ${limits.tenantLength} of A-Z a-z 0-9 _ -`,
      limits.tenantLength,
    );
  }
}
