/** Chance comes in here and nowhere else. */
export interface Random {
  /** Fresh bytes fit for ids and secrets. */
  bytes(count: number): Uint8Array;
  /** A number in [0, 1), for jitter. */
  fraction(): number;
}
