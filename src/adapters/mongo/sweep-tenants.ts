/** The names of tenants, from index entry to index entry: a few look-ups for each tenant, however much it has. */
import type { Collection } from "mongodb";
import type { Sweep } from "../../ports/sweep.ts";
import type { Calls } from "./calls.ts";
import type { Collections } from "./collections.ts";
import type { Part } from "./memory-documents.ts";

/** Above every key: no name has this character. */
const keysEnd = "~";

/** The next name after one, or null. */
type Walk = (after: string) => Promise<string | null>;

export function createTenantList(collections: Collections, calls: Calls): Sweep["listTenants"] {
  const { stores, sessions, dreams, versions, revisions, changes } = collections;
  const { heads, buckets, contents } = collections;
  const walks = [
    ...[byField(stores), byField(sessions), byField(dreams)],
    ...[byField(versions), byField(revisions), byField(changes)],
    ...[byKey(heads), byKey(buckets), byKey(contents)],
  ];
  return ({ after, limit }) =>
    calls.run(async () => {
      const ahead = await Promise.all(walks.map((next) => next(after ?? "")));
      const tenants: string[] = [];
      while (tenants.length < limit) {
        const [tenant] = ahead.filter((name) => name !== null).toSorted();
        if (tenant === undefined) break;
        // The check at the first start, cut short, leaves documents under a name that no tenant can have.
        if (!tenant.includes("/")) tenants.push(tenant);
        for (const [index, next] of walks.entries()) {
          if (ahead[index] === tenant) ahead[index] = await next(tenant);
        }
      }
      return tenants;
    });
}

function byField<T extends { readonly tenant: string }>(collection: Collection<T>): Walk {
  // A view of the one field that all of them have, so that the query can be written once.
  const named: Collection<{ tenant: string }> = collection.db.collection(collection.collectionName);
  return async (after) => {
    const found = await named.findOne(
      { tenant: { $gt: after } },
      { sort: { tenant: 1 }, projection: { _id: 0, tenant: 1 } },
    );
    return found?.tenant ?? null;
  };
}

/**
 * By keys, `<tenant>/<hash>`. They sort as the names do but for the one character of a name that is less than the slash:
 * all keys of `a-b` and of `a-b-c` come before those of `a`, though their names come after it.
 */
function byKey(parts: Collection<Part>): Walk {
  return async (after) => {
    const found = (await firstName(`${after}-`, `${after}/`)) ?? (await firstBehind(after));
    if (found === null) return null;
    // What is less than the name whose keys come first can only be its beginning, up to one of its dashes.
    for (let dash = found.indexOf("-"); dash !== -1; dash = found.indexOf("-", dash + 1)) {
      const name = found.slice(0, dash);
      if (name > after && (await firstName(`${name}/`, `${name}0`)) !== null) return name;
    }
    return found;
  };

  /** Of the names above one, that whose keys come first behind those of the one. Beginnings of the one are there, too, and are passed. */
  async function firstBehind(after: string): Promise<string | null> {
    for (let passed = after; ; ) {
      const name = await firstName(`${passed}0`, keysEnd);
      if (name === null || name > after) return name;
      passed = name;
    }
  }

  async function firstName($gt: string, $lt: string): Promise<string | null> {
    const found = await parts.findOne({ _id: { $gt, $lt } }, { sort: { _id: 1 }, projection: { _id: 1 } });
    return found?._id.slice(0, found._id.indexOf("/")) ?? null;
  }
}
