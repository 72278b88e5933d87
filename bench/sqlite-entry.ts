/**
 * The ceiling of the drain: SQLite alone, set as the service sets it, making for each dream the writes that a dream
 * without work needs (claimed, begun with its output store and transcript, completed, transcript put away), those of
 * as many dreams as run at once in one commit. Each message says how many dreams; the answer is dreams a second.
 */
import { DatabaseSync } from "node:sqlite";
import { readJob, serveParent } from "./processes.ts";

// The parse edges: only `startHelper` of this folder starts this file.
const { file, atOnce } = readJob() as { readonly file: string; readonly atOnce: number };
/** About as long as the stored state of such a dream. */
const state = JSON.stringify({ state: "x".repeat(1_200) });
const store = JSON.stringify({ store: "x".repeat(300) });

const database = new DatabaseSync(file);
database.exec(`
  PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
  CREATE TABLE dream (id INTEGER PRIMARY KEY, status TEXT NOT NULL, state TEXT NOT NULL) STRICT;
  CREATE INDEX dream_by_status ON dream (status, id);
  CREATE TABLE part (id INTEGER PRIMARY KEY, dream INTEGER NOT NULL, text TEXT NOT NULL) STRICT;`);
const insertDream = database.prepare("INSERT INTO dream (status, state) VALUES ('pending', ?)");
const updateDream = database.prepare("UPDATE dream SET status = ?, state = ? WHERE id = ?");
const insertPart = database.prepare("INSERT INTO part (dream, text) VALUES (?, ?)");
const updatePart = database.prepare("UPDATE part SET text = ? WHERE id = ?");

serveParent(async (message) => {
  const { dreams } = message as { readonly dreams: number };
  const ids: number[] = [];
  commit(() => {
    for (let made = 0; made < dreams; made += 1) ids.push(Number(insertDream.run(state).lastInsertRowid));
  });
  const startedAt = performance.now();
  for (let done = 0; done < dreams; done += atOnce) drainSome(ids.slice(done, done + atOnce));
  return (dreams * 1_000) / (performance.now() - startedAt);
});

function drainSome(ids: readonly number[]): void {
  const transcripts: number[] = [];
  commit(() => {
    for (const id of ids) updateDream.run("running", state, id);
  });
  commit(() => {
    for (const id of ids) {
      insertPart.run(id, store);
      transcripts.push(Number(insertPart.run(id, store).lastInsertRowid));
    }
  });
  commit(() => {
    for (const id of ids) updateDream.run("running", state, id);
  });
  commit(() => {
    for (const id of ids) updateDream.run("completed", state, id);
  });
  commit(() => {
    for (const id of transcripts) updatePart.run(store, id);
  });
}

function commit(work: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  work();
  database.exec("COMMIT");
}
