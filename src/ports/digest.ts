export interface Digest {
  /** SHA-256 of the UTF-8 bytes of a text: 64 lowercase hex digits. */
  sha256(text: string): string;
}
