/** The indexes, and the version of the documents. Any number of processes may start at once, so each step is idempotent. */
import { type Collection, type Db, MongoServerError, ObjectId } from "mongodb";
import { ReveriedError } from "../../core/errors.ts";
import { isDuplicateKey, upsert } from "./calls.ts";
import { indexes } from "./indexes.ts";
import { addHistory } from "./migration-steps.ts";

/** Raise it when documents change so that an older reveried would misread them. */
export const schemaVersion = 2;

interface SchemaDocument {
  readonly _id: string;
  readonly version: number;
}

/**
 * Makes the database ready for this version. Throws `failed_precondition` when a newer reveried has written it, or
 * when the server does not enforce the indexes that the promises rest on. Answers with the version found, 0 for an empty
 * database, and the version now.
 */
export async function migrate(db: Db): Promise<{ readonly from: number; readonly to: number }> {
  const meta = db.collection<SchemaDocument>("meta");
  const found = await meta.findOne({ _id: "schema" });
  if (found !== null && found.version > schemaVersion) throw newerSchema(db.databaseName, found.version);
  for (const [collection, wanted] of Object.entries(indexes)) {
    await db.collection(collection).createIndexes([...wanted]);
  }
  const migrated = { from: found?.version ?? 0, to: schemaVersion };
  if (migrated.from === schemaVersion) return migrated;
  await checkUniqueness(db);
  await checkPipelines(meta);
  if (migrated.from < 2) await addHistory(db);
  await upsert(() =>
    meta.updateOne({ _id: "schema" }, { $max: { version: schemaVersion } }, { upsert: true }),
  );
  return migrated;
}

/** Some compatible servers accept a partial unique index and then do not enforce it, or enforce it on absent fields. */
async function checkUniqueness(db: Db): Promise<void> {
  const dreams = db.collection<{ _id: string; tenant: string; holds?: readonly string[] }>("dreams");
  // Not a tenant's name, and new each time: processes that check at once are not in each other's way.
  const tenant = `check/${new ObjectId().toHexString()}`;
  const [first, second, third] = [`${tenant}/1`, `${tenant}/2`, `${tenant}/3`];
  try {
    await dreams.insertMany([
      { _id: first, tenant },
      { _id: second, tenant },
    ]);
    await dreams.updateOne({ _id: first }, { $set: { holds: ["a", "b"] } });
    if (!(await isRefused(dreams.updateOne({ _id: second }, { $set: { holds: ["b"] } })))) {
      throw unfit("unique partial indexes over lists");
    }
    await dreams.updateOne({ _id: first }, { $unset: { holds: 1 } });
    if (await isRefused(dreams.insertOne({ _id: third, tenant, holds: ["b"] }))) {
      throw unfit("that a removed field leaves its unique index");
    }
  } finally {
    await dreams.deleteMany({ tenant });
  }
}

/** Puts of parts count up in a date, which no update but one by a pipeline can. */
async function checkPipelines(meta: Collection<SchemaDocument>): Promise<void> {
  const _id = `check/${new ObjectId().toHexString()}`;
  try {
    const update = [{ $set: { version: { $max: [7, { $add: ["$version", 1] }] } } }];
    for (let tries = 0; tries < 2; tries += 1) await meta.updateOne({ _id }, update, { upsert: true });
    const written = await meta.findOne({ _id });
    if (written?.version !== 8) throw unfit("updates by a pipeline");
  } catch (error) {
    throw error instanceof MongoServerError ? unfit("updates by a pipeline", error) : error;
  } finally {
    await meta.deleteOne({ _id });
  }
}

async function isRefused(write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return false;
  } catch (error) {
    if (isDuplicateKey(error)) return true;
    throw error;
  }
}

function unfit(feature: string, cause?: Error): ReveriedError {
  return new ReveriedError(
    "failed_precondition",
    `the server at REVERIED_MONGODB_URL does not keep to ${feature}, which reveried relies on; use MongoDB 5 or newer`,
    { cause },
  );
}

function newerSchema(database: string, version: number): ReveriedError {
  return new ReveriedError(
    "failed_precondition",
    `database ${database} at REVERIED_MONGODB_URL has schema version ${version}, and this reveried knows ${schemaVersion}; run the newer reveried that wrote it, or name another database`,
  );
}
