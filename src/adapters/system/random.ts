import { randomBytes } from "node:crypto";
import type { Random } from "../../ports/random.ts";

/** The random source of this machine. Bytes are drawn in blocks: a call to the system for each id would show in the figures. */
export function createSystemRandom(): Random {
  const blockBytes = 4_096;
  let block = new Uint8Array(0);
  let used = 0;
  return {
    bytes(count) {
      if (count > blockBytes) return randomBytes(count);
      if (used + count > block.length) {
        block = randomBytes(blockBytes);
        used = 0;
      }
      used += count;
      return block.slice(used - count, used);
    },
    fraction: () => Math.random(),
  };
}
