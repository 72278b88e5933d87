import type { Edit } from "../../core/change-set.ts";
import { noUsage } from "../../core/dream.ts";
import { isProtected } from "../../core/protected-paths.ts";
import { checkSupport } from "../../core/support-check.ts";
import type { EngineInput, EngineProgress, EngineResult } from "../../ports/engine.ts";
import { selectClaims } from "./budget.ts";
import type { Claim, Statement, Toolbox } from "./claims.ts";
import { createDateAppender } from "./dates.ts";
import { applySplices, changesOf, createDrafts, type Draft, type Drafts } from "./draft.ts";
import { mergeNotes } from "./duplicates.ts";
import { addPast, fileEntries, type NewEntry } from "./filing.ts";
import { writeIndex } from "./index-page.ts";
import { countInsights } from "./insights.ts";
import { createKnown, type Known } from "./known.ts";
import { latest, type Outdated, updateNotes } from "./outdated.ts";
import type { Pace } from "./pace.ts";
import { insertHistory } from "./page.ts";
import { readNotes, readSessions } from "./reading.ts";
import { createSentenceSplitter } from "./sentences.ts";
import { fileClaims, partClaims, type Subject } from "./subjects.ts";
import { mergeStatements, newestFirst, resolveStatements } from "./understanding.ts";
import { createStemmer } from "./words.ts";

export interface PipelineContext {
  readonly pace: Pace;
  readonly report: (progress: EngineProgress) => void;
}

/**
 * The whole of a dream without a model: reads everything, extracts, merges, resolves, files. What is chosen of the
 * sessions depends on the sessions alone, and what the store says already is left as it is; so a dream over its own
 * output changes nothing.
 */
export async function runPipeline(
  input: EngineInput,
  maxTokens: number,
  { pace, report }: PipelineContext,
): Promise<EngineResult> {
  const tools: Toolbox = {
    split: createSentenceSplitter(),
    stem: createStemmer(),
    appendDates: createDateAppender(),
  };
  const events = input.sessions.reduce((sum, session) => sum + session.lastEvent, 0);
  const total = events + input.memories.length;
  const tell = (stage: string, done: number) => report({ stage, done, total, usage: noUsage });
  const reading = await readSessions(input, tools, pace, (done) => tell("reading", done));
  const notes = await readNotes(input, tools, pace, (done) => tell("reading", events + done));
  tell("merging", total);
  const isClosed = (path: string) => isProtected(input.protectedPaths, path);
  // A protected note is read, so that nothing of it is written down again, and left as it is.
  const open = notes.filter((note) => !isClosed(note.memory.path));
  const drafts = createDrafts(notes, isClosed);
  const repeated = await mergeStatements(reading.claims, pace);
  await resolveStatements(reading.claims, pace);
  const repeatedInNotes = await mergeNotes(open, drafts, pace);
  const known = createKnown(notes);
  const statements = reading.claims.flatMap((claim) => claim.statements).sort(newestFirst);
  const outdated = await updateNotes(statements, open, known, drafts, tools.split, pace);
  tell("writing", total);
  for (const draft of drafts.all()) applySplices(draft);
  writeHistory(outdated, drafts);
  await pace.look();
  const claims = partClaims(reading.claims);
  const subjects = fileClaims(claims);
  const selection = selectClaims(claims, maxTokens);
  const news =
    input.type === "consolidate"
      ? { entries: [], past: [], unsupported: 0 }
      : newEntries([...selection.chosen], subjects, known, outdated, input.type === "card_refresh");
  const { homeless } = fileEntries(news.entries, open, drafts, tools);
  for (const { path, statement } of news.past) addPast(drafts.at(path), statement, "", tools);
  await pace.look();
  const counts = input.type === "omni" || input.type === "agent";
  writeIndex(notes, drafts, counts ? countInsights(subjects, statements) : []);
  return {
    changes: changesOf(drafts, reasonOf),
    usage: noUsage,
    eventsRead: reading.eventsRead,
    message: messageOf({
      entries: news.entries.length - homeless,
      repeated: repeated + repeatedInNotes,
      replaced: editsOf(drafts, "supersede"),
      leftOut: selection.leftOut,
      homeless,
      secrets: reading.secrets,
      unsupported: news.unsupported,
      instructions: input.instructions !== null,
    }),
  };
}

function writeHistory(outdated: Outdated, drafts: Drafts): void {
  for (const { path, line } of outdated.history) {
    const draft = drafts.at(path);
    if (draft.gone) continue;
    draft.content = insertHistory(draft.content, draft.note?.title ?? "", line);
  }
}

// What the store does not say yet, claim by claim; the outdated goes with what took its place.
function newEntries(
  chosen: readonly Claim[],
  subjects: ReadonlyMap<Claim, Subject>,
  known: Known,
  outdated: Outdated,
  onlyPeople: boolean,
): News {
  const entries = new Map<Claim, NewEntry>();
  const homes = new Map<Statement, NewEntry>();
  const past: [Claim, Statement][] = [];
  const news: News = { entries: [], past: [], unsupported: 0 };
  const entryFor = (claim: Claim): NewEntry | null => {
    const subject = subjects.get(claim);
    if (subject === undefined || (onlyPeople && subject.kind !== "person")) return null;
    const entry = entries.get(claim) ?? { claim, subject, statements: [], history: [] };
    entries.set(claim, entry);
    return entry;
  };
  for (const claim of chosen) {
    for (const statement of claim.statements) {
      if (outdated.placed.has(statement) || known.find(statement) !== null) continue;
      if (!stands(statement)) news.unsupported += 1;
      else if (statement.supersededBy !== null) past.push([claim, statement]);
      else {
        const entry = entryFor(claim);
        entry?.statements.push(statement);
        if (entry !== null) homes.set(statement, entry);
      }
    }
  }
  for (const [claim, statement] of past) {
    const last = latest(statement);
    const path = outdated.placed.get(last) ?? known.find(last)?.note.path;
    if (path !== undefined) news.past.push({ path, statement });
    else (homes.get(last) ?? entryFor(claim))?.history.push(statement);
  }
  news.entries.push(...entries.values());
  return news;
}

interface News {
  readonly entries: NewEntry[];
  /** Outdated statements whose newer one stands in a note already. */
  readonly past: { readonly path: string; readonly statement: Statement }[];
  unsupported: number;
}

function stands(statement: Statement): boolean {
  const sources = statement.said.map((said) => said.quote);
  return checkSupport({ output: statement.shown, inputs: sources }).every((sentence) => sentence.supported);
}

function reasonOf(draft: Draft): string {
  const count = (kind: string) => draft.edits.filter((edit) => edit.kind === kind).length;
  const parts: string[] = [];
  const say = (n: number, one: string, many: string) => {
    if (n > 0) parts.push(`${n} ${n === 1 ? one : many}`);
  };
  if (draft.path === "/index.md") return "the list of files and what was counted over the sessions";
  say(count("add"), "new entry", "new entries");
  say(count("supersede"), "outdated statement moved to History", "outdated statements moved to History");
  say(count("merge"), "repeated statement merged", "repeated statements merged");
  return parts.join(", ") || "tidied";
}

function editsOf(drafts: Drafts, kind: Edit["kind"]): number {
  return drafts
    .all()
    .reduce((sum, draft) => sum + draft.edits.filter((edit) => edit.kind === kind).length, 0);
}

interface Facts {
  readonly entries: number;
  readonly repeated: number;
  readonly replaced: number;
  readonly leftOut: number;
  readonly homeless: number;
  readonly secrets: number;
  readonly unsupported: number;
  readonly instructions: boolean;
}

function messageOf(facts: Facts): string {
  const { entries, repeated, replaced, leftOut, homeless, secrets, unsupported, instructions } = facts;
  const did = `${some(entries, "new entry", "new entries")}, ${some(repeated, "repeat")} merged, ${some(replaced, "outdated statement")} moved to History.`;
  const not: string[] = [];
  if (leftOut > 0) not.push(`${some(leftOut, "claim")} left out by the size limit`);
  if (homeless > 0)
    not.push(`${some(homeless, "entry", "entries")} left out because all places are protected`);
  if (secrets > 0) not.push(`${some(secrets, "sentence")} with a secret not copied`);
  if (unsupported > 0) not.push(`${some(unsupported, "sentence")} dropped because no input holds it`);
  if (instructions) not.push("instructions not followed (the offline engine cannot)");
  return not.length === 0 ? did : `${did} ${not.join("; ").replace(/^./, (first) => first.toUpperCase())}.`;
}

function some(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
