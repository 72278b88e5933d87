/** Parts of stores: texts, buckets and heads, each checked against what it names. */
import { byteLength } from "../../core/check.ts";
import { invalidArgument } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import { type Bucket, bucketOf, emptyHead, type Head, type MemoryEntry } from "../../core/memory.ts";
import { ancestorsOf } from "../../core/memory-path.ts";
import { eachLine, type ImportCall, inOrder, type Line, notThere, type Refusal } from "./import-call.ts";

/** Buckets in one read: their entries are bounded one by one, and by the head only when all are read. */
const bucketsAtOnce = 8;

/** Puts the texts, those that are there too: that keeps the sweeper from them until something names them. */
export async function importContents(call: ImportCall, lines: readonly Line<"content">[]): Promise<null> {
  if (lines.length === 0) return null;
  const { deps, tenant, now } = call;
  const texts = new Map(lines.map(({ value }) => [value.hash, value.text]));
  const there = await storedTexts(call, [...texts.keys()], () => {});
  const contents = [...texts].map(([hash, text]) => ({ hash, text }));
  await deps.memories.putContents({ tenant, contents, now });
  countParts(call, lines, there);
  return null;
}

/** Puts the buckets, those that are there too. */
export async function importBuckets(call: ImportCall, lines: readonly Line<"bucket">[]): Promise<null> {
  if (lines.length === 0) return null;
  const { deps, tenant, now } = call;
  const buckets = new Map<string, Bucket>(lines.map(({ value }) => [value.hash, value]));
  const found = await deps.memories.getBuckets({ tenant, hashes: [...buckets.keys()] });
  await deps.memories.putBuckets({ tenant, buckets: [...buckets.values()], now });
  countParts(call, lines, new Set(found.map(({ hash }) => hash)));
  return null;
}

/** Heads whose buckets are there, each where it belongs, with as much in them as the head says. */
export function importHeads(call: ImportCall, lines: readonly Line<"head">[]): Promise<Refusal | null> {
  const { deps, tenant, now } = call;
  return eachLine(lines, inOrder, async ({ value: head }) => {
    const there = (await deps.memories.getHead({ tenant, hash: head.hash })) !== null;
    await checkHead(call, "head", head, "entries");
    await deps.memories.putHead({ tenant, head, now });
    call.count(there ? "present" : "written");
  });
}

/** How deep a head is looked at: its entries only, whose texts may have been redacted, or their texts, too. */
type Depth = "entries" | "texts";

/** Refuses a head that a store would show unless it is there whole. */
export async function requireHead(
  call: ImportCall,
  field: string,
  hash: string,
  depth: Depth,
): Promise<void> {
  const { deps, tenant } = call;
  if (hash === emptyHead(deps.digest.sha256).hash) return;
  const head = await deps.memories.getHead({ tenant, hash });
  if (head === null) throw notThere(field, `head ${hash}`);
  await checkHead(call, field, head, depth);
}

/** Which of the texts are there; `tell` gets each that is. Holds only some of them at once. */
export async function storedTexts(
  { deps, tenant }: ImportCall,
  hashes: readonly string[],
  tell: (hash: string, text: string) => void,
): Promise<Set<string>> {
  const there = new Set<string>();
  for (let first = 0; first < hashes.length; first += limits.transferReadsAtOnce) {
    const some = hashes.slice(first, first + limits.transferReadsAtOnce);
    for (const [hash, text] of await deps.memories.getContents({ tenant, hashes: some })) {
      there.add(hash);
      tell(hash, text);
    }
  }
  return there;
}

function countParts(
  call: ImportCall,
  lines: readonly { readonly value: { readonly hash: string } }[],
  there: Set<string>,
): void {
  for (const { value } of lines) {
    call.count(there.has(value.hash) ? "present" : "written");
    there.add(value.hash);
  }
}

/** Refuses a head that says of its buckets what is not so. */
async function checkHead(call: ImportCall, field: string, head: Head, depth: Depth): Promise<void> {
  const paths = new Set<string>();
  let bytes = 0;
  for await (const entries of entriesOf(call, field, head)) {
    for (const { path, sizeBytes } of entries) {
      paths.add(path);
      bytes += sizeBytes;
    }
    if (paths.size > head.entryCount || bytes > head.totalBytes) break;
    if (depth === "texts") await checkTexts(call, field, entries);
  }
  if (paths.size !== head.entryCount)
    throw invalidArgument(`${field}.entry_count`, "is not that of its buckets");
  if (bytes !== head.totalBytes) throw invalidArgument(`${field}.total_bytes`, "is not that of its buckets");
  // A path may not be a memory and a folder at once.
  for (const path of paths) {
    const folder = ancestorsOf(path).find((ancestor) => paths.has(ancestor));
    if (folder === undefined) continue;
    throw invalidArgument(field, `${JSON.stringify(folder)} is a memory and the folder of another`);
  }
}

/** The entries of each bucket, which must be there and where it belongs. */
async function* entriesOf(
  { deps, tenant }: ImportCall,
  field: string,
  head: Head,
): AsyncGenerator<readonly MemoryEntry[], void, undefined> {
  const named = [...head.buckets.entries()].filter(([, hash]) => hash !== "");
  for (let first = 0; first < named.length; first += bucketsAtOnce) {
    const some = named.slice(first, first + bucketsAtOnce);
    const buckets = await deps.memories.getBuckets({ tenant, hashes: some.map(([, hash]) => hash) });
    const found = new Map(buckets.map((bucket) => [bucket.hash, bucket.entries]));
    for (const [index, hash] of some) {
      const entries = found.get(hash);
      if (entries === undefined) throw notThere(`${field}.buckets[${index}]`, `bucket ${hash}`);
      if (bucketOf(entries[0]?.path ?? "") !== index) {
        throw invalidArgument(`${field}.buckets[${index}]`, "belongs to another place");
      }
      yield entries;
    }
  }
}

async function checkTexts(call: ImportCall, field: string, entries: readonly MemoryEntry[]): Promise<void> {
  const sizes = new Map<string, number>();
  const hashes = [...new Set(entries.map(({ contentHash }) => contentHash))];
  await storedTexts(call, hashes, (hash, text) => sizes.set(hash, byteLength(text)));
  for (const { path, contentHash, sizeBytes } of entries) {
    const size = sizes.get(contentHash);
    if (size === undefined) throw notThere(field, `the text of ${JSON.stringify(path)}`);
    if (size === sizeBytes) continue;
    throw invalidArgument(
      field,
      `size_bytes of ${JSON.stringify(path)} is ${sizeBytes}, its text has ${size}`,
    );
  }
}
