/** The single values that records are made of. */
import { checkName, checkText } from "../../core/check.ts";
import { invalidArgument } from "../../core/errors.ts";
import { checkId } from "../../core/ids.ts";
import { limits } from "../../core/limits.ts";
import { checkPath } from "../../core/memory-path.ts";
import { integer, type Shape, textOf } from "./shape.ts";

/** What `google.protobuf.Timestamp` may say; a time beyond could be stored and never be answered. */
const yearOneMs = -62_135_596_800_000;
const year9999Ms = 253_402_300_799_999;
const int32Max = 2_147_483_647;
/** More than anything is counted to, and far from where counting on would lose a digit. */
const countMax = 281_474_976_710_656;

/**
 * An id that the service makes. It becomes part of subjects and keys and is sorted by, so it has none but the letters
 * that such ids have; ids of callers' own are `callerId`.
 */
export const ownId: Shape<string> = textOf((field, id) => {
  if (/^[A-Za-z0-9_-]{1,256}$/.test(id)) return;
  throw invalidArgument(field, "must be 1 to 256 of A-Z a-z 0-9 _ -");
});

export const callerId: Shape<string> = textOf(checkId);
export const path: Shape<string> = textOf(checkPath);

export const hash: Shape<string> = textOf((field, text) => {
  if (!/^[0-9a-f]{64}$/.test(text)) throw invalidArgument(field, "must be 64 lowercase hex digits");
});

/** A name of a peer, an agent or a place: what the service itself bounds so. */
export const peerName: Shape<string> = textOf((field, text) => checkName(field, text, limits.peerNameLength));

/** Text that an engine or the service itself wrote; its bound is the line's. */
export const anyText: Shape<string> = textOf((field, text) =>
  checkText(field, text, limits.transferLineBytes),
);

/** What makes something happen once. The longest name a collection. */
export const origin: Shape<string> = textOf((field, text) =>
  checkName(field, text, 8 * limits.peerNameLength),
);

export function textUpTo(max: number): Shape<string> {
  return textOf((field, text) => checkText(field, text, max));
}

/** Unix milliseconds of something that was stored. */
export const time: Shape<number> = integer(0, year9999Ms);
/** Unix milliseconds of something that was said, perhaps long ago. */
export const saidTime: Shape<number> = integer(yearOneMs, year9999Ms);
export const count: Shape<number> = integer(0, countMax);
export const positive: Shape<number> = integer(1, countMax);
/** A count that an answer shows in 32 bits. */
export const smallCount: Shape<number> = integer(0, int32Max);
