import { dayText } from "../../core/calendar.ts";
import { ancestorConflict } from "../../core/change-set.ts";
import { limits } from "../../core/limits.ts";
import { comparePaths } from "../../core/memory.ts";
import type { Claim, Statement, Toolbox } from "./claims.ts";
import type { Draft, Drafts } from "./draft.ts";
import { type Entry, entryOf, renderEntry, sourcesOf } from "./entry.ts";
import { type Note, slugOf } from "./note.ts";
import { historyOfStatement } from "./outdated.ts";
import { insertEntry, insertHistory } from "./page.ts";
import { findTopics, type Subject, slugify, topicsOfTitle } from "./subjects.ts";

const entriesForHeadings = 8;
const claimsPerHeading = 3;
const encoder = new TextEncoder();

/** One claim as far as it is new, with what it took the place of. */
export interface NewEntry {
  readonly claim: Claim;
  readonly subject: Subject;
  readonly statements: Statement[];
  readonly history: Statement[];
}

export interface Filing {
  readonly entries: number;
  /** Paths that got entries, for the index. */
  readonly paths: ReadonlySet<string>;
  /** Entries for which the store's protected paths leave no place. */
  readonly homeless: number;
}

/** Puts new entries into the note that is about their subject, or into a file of their own, newest first, under headings by topic. */
export function fileEntries(
  entries: readonly NewEntry[],
  notes: readonly Note[],
  drafts: Drafts,
  tools: Toolbox,
): Filing {
  const paths = new Set<string>();
  const gone = new Set(drafts.all().flatMap((draft) => (draft.gone ? [draft.path] : [])));
  const standing = notes.filter((note) => !gone.has(note.memory.path));
  let homeless = 0;
  for (const group of groupBySubject(entries)) {
    const path = pathFor(group.subject, standing, drafts);
    if (path === null) {
      homeless += group.entries.length;
      continue;
    }
    const headings = headingsFor(group.entries, drafts.has(path), group.subject);
    for (const entry of group.entries.toSorted(byHeadingThenNewest(headings))) {
      const heading = headings.get(entry.claim)?.title ?? (headings.size === 0 ? null : "Other");
      paths.add(addEntry(entry, path, heading, drafts, tools));
    }
  }
  return { entries: entries.length, paths, homeless };
}

function groupBySubject(entries: readonly NewEntry[]): { subject: Subject; entries: NewEntry[] }[] {
  const groups = new Map<string, { subject: Subject; entries: NewEntry[] }>();
  for (const entry of entries) {
    const key = `${entry.subject.kind}:${entry.subject.key}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { subject: entry.subject, entries: [entry] });
    else group.entries.push(entry);
  }
  return [...groups.entries()].sort(([a], [b]) => comparePaths(a, b)).map(([, group]) => group);
}

/** Null when all places are protected. */
function pathFor(subject: Subject, notes: readonly Note[], drafts: Drafts): string | null {
  const slug = slugify(subject.title);
  const home = subject.kind === "person" ? "/people" : "/topics";
  const own = `${home}/${slug}.md`;
  if (notes.some((note) => note.memory.path === own)) return own;
  const about = notes
    .filter((note) => isAbout(note, subject))
    .sort((a, b) => a.title.length - b.title.length || comparePaths(a.memory.path, b.memory.path));
  const best = about[0];
  if (best !== undefined) return best.memory.path;
  const all = notes.map((note) => note.memory.path).sort(comparePaths);
  const taken = new Set(all);
  const isFree = (path: string) => !drafts.isClosed(path) && ancestorConflict(path, taken, all) === null;
  if (isFree(own)) return own;
  // Each that is not free is in the way of a memory or protected, so one more than there can be is enough to look at.
  for (let n = 2; n <= notes.length + limits.protectedPathsPerStore + 2; n += 1) {
    const path = [`${home}/${slug}-${n}.md`, `${home}-${n}/${slug}.md`].find(isFree);
    if (path !== undefined) return path;
  }
  return null;
}

function isAbout(note: Note, subject: Subject): boolean {
  if (note.memory.path === "/index.md") return false;
  const name = slugOf(note.memory.path);
  if (subject.kind === "person") {
    const names = [name, note.title].map((text) => text.toLowerCase());
    return names.includes(subject.title.toLowerCase()) || names.includes(slugify(subject.title));
  }
  const topics = topicsOfTitle(note.title);
  return subject.key !== "general" && topics.size <= 2 && topics.has(subject.key);
}

// Headings help in a long file; an existing one keeps the form it has.
function headingsFor(
  entries: readonly NewEntry[],
  exists: boolean,
  subject: Subject,
): ReadonlyMap<Claim, Subject> {
  if (exists || entries.length < entriesForHeadings) return new Map();
  const people = new Map([[subject.title.toLowerCase(), subject.title]]);
  return findTopics(
    entries.map((entry) => entry.claim),
    claimsPerHeading,
    people,
  );
}

function byHeadingThenNewest(headings: ReadonlyMap<Claim, Subject>) {
  const rank = (entry: NewEntry) => headings.get(entry.claim)?.title ?? "\uffff";
  return (a: NewEntry, b: NewEntry) => comparePaths(rank(a), rank(b)) || b.claim.order - a.claim.order;
}

function addEntry(
  entry: NewEntry,
  path: string,
  heading: string | null,
  drafts: Drafts,
  tools: Toolbox,
): string {
  const subject = entry.subject.kind === "person" ? entry.subject.key : "";
  const shown = entryOf(entry.statements, subject, []);
  const lines = entry.statements.length === 0 ? "" : renderEntry(shown, tools.split);
  const draft = roomyDraft(path, lines.length + entry.history.length * 1_000, drafts);
  const title = draft.note?.title ?? entry.subject.title;
  if (lines !== "") {
    draft.content = insertEntry(draft.content, { heading, title }, lines, shown.day);
    draft.edits.push(addEdit(entry, shown));
  }
  for (const statement of entry.history) addPast(draft, statement, subject, tools, title);
  return draft.path;
}

/** Keeps what a statement said that is out of date in the history of a file. */
export function addPast(
  draft: Draft,
  statement: Statement,
  fileSubject: string,
  tools: Toolbox,
  title = "",
): void {
  if (draft.gone) return;
  const line = historyOfStatement(statement, fileSubject, tools.split);
  draft.content = insertHistory(draft.content, draft.note?.title ?? title, line);
  draft.edits.push(supersedeEdit(statement));
}

// A memory has a greatest size; what does not fit goes to a file with the next number.
function roomyDraft(path: string, added: number, drafts: Drafts): Draft {
  for (let n = 1; ; n += 1) {
    const draft = drafts.at(n === 1 ? path : path.replace(/(\.[A-Za-z0-9]+)?$/, `-${n}$1`));
    if (draft.gone) continue;
    const size = encoder.encode(draft.content).length + added * 3 + 512;
    if (size <= limits.memoryContentBytes || draft.content === "") return draft;
  }
}

function addEdit(entry: NewEntry, shown: Entry) {
  const said = entry.claim.said;
  const day = dayText(said.at);
  const times = new Set(shown.said.map((one) => one.sessionId)).size;
  const again = times > 1 ? `, and in ${times - 1} other session${times > 2 ? "s" : ""}` : "";
  return {
    kind: "add" as const,
    before: null,
    after: shown.sentences.join(" "),
    reason: `new: said by ${said.speaker}${day === null ? "" : ` on ${day}`}${again}`,
    sources: sourcesOf(shown.said),
  };
}

function supersedeEdit(statement: Statement) {
  const newer = statement.supersededBy;
  const [from, to] = [dayText(statement.said[0].at), dayText(newer?.said[0].at ?? null)];
  return {
    kind: "supersede" as const,
    before: statement.shown,
    after: newer?.shown ?? null,
    reason: `a newer statement of the same ${statement.changed}${to === null ? "" : ` (${to})`} replaces the one${from === null ? " before" : ` of ${from}`}; the old one is kept under History`,
    sources: [...sourcesOf(newer?.said ?? []), ...sourcesOf(statement.said)],
  };
}
