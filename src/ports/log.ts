/** Structured log. A caller must not pass memory text, transcripts, instructions or credentials. */
export interface Log {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** `cause` is written with its stack; it never reaches a user. */
  error(message: string, fields?: Readonly<Record<string, unknown>> & { readonly cause?: unknown }): void;
}
