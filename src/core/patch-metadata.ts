/** The pairs after a patch: those of the patch are set, and one with an empty value is removed. */
export function patchMetadata(
  current: Readonly<Record<string, string>>,
  patch: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const pairs = new Map(Object.entries(current));
  for (const [key, value] of Object.entries(patch)) {
    if (value === "") pairs.delete(key);
    else pairs.set(key, value);
  }
  return Object.fromEntries(pairs);
}

/** Whether both have the same pairs, in whatever order. */
export function sameMetadata(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const pairs = new Map(Object.entries(b));
  const own = Object.entries(a);
  return own.length === pairs.size && own.every(([key, value]) => pairs.get(key) === value);
}
