/** Who calls. Everything a use case reads or writes belongs to this tenant and to no other. */
export interface Principal {
  readonly tenant: string;
  /** The key the caller showed; null where there is no authentication. */
  readonly keyId: string | null;
}
