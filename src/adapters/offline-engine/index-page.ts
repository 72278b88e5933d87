import { comparePaths } from "../../core/memory.ts";
import type { Drafts } from "./draft.ts";
import { type Insight, insightEdit, renderInsight } from "./insights.ts";
import { linesOf, type Note, slugOf, sourceComment } from "./note.ts";
import { appendTo } from "./page.ts";

const indexPath = "/index.md";
const listedMax = 500;
const listLine =
  /^- \[[^\]]*\]\([^)]*\): \d+ entr(?:y|ies)(?:, newest \d{4}-\d{2}-\d{2})?\s*$|^- and \d+ more files\s*$/;

/** Writes `/index.md`: the files of the store and what was counted. A person's own page there keeps all it says. */
export function writeIndex(notes: readonly Note[], drafts: Drafts, insights: readonly Insight[]): void {
  const present = notes.some((note) => note.memory.path === indexPath);
  const creates = drafts.all().some((draft) => draft.note === null && draft.content !== "");
  if (!present && !creates && insights.length === 0) return;
  const draft = drafts.at(indexPath);
  if (draft.gone) return;
  const ours = !present || draft.content.startsWith("# Index");
  if (ours) draft.content = withList(draft.content, listOf(notes, drafts));
  if (draft.note === null || draft.content !== draft.note.content) {
    draft.edits.push({
      kind: "replace",
      before: listText(draft.note?.content ?? ""),
      after: listText(draft.content),
      reason: "the list of the files of this store, counted anew",
      sources: [],
    });
  }
  for (const insight of insights) addInsight(draft, insight);
}

function listOf(notes: readonly Note[], drafts: Drafts): string[] {
  const contents = new Map<string, string>();
  for (const note of notes) contents.set(note.memory.path, note.content);
  for (const draft of drafts.all()) {
    if (draft.content === "") contents.delete(draft.path);
    else contents.set(draft.path, draft.content);
  }
  contents.delete(indexPath);
  const paths = [...contents.keys()].sort(comparePaths);
  const lines = paths.slice(0, listedMax).map((path) => lineFor(path, contents.get(path) ?? ""));
  if (paths.length > listedMax) lines.push(`- and ${paths.length - listedMax} more files\n`);
  return lines;
}

function lineFor(path: string, content: string): string {
  let title = "";
  let entries = 0;
  let newest = "";
  let past = false;
  for (const { text } of linesOf(content)) {
    const heading = /^#{1,6}\s+(.*?)\s*#*\s*$/.exec(text)?.[1];
    if (heading !== undefined) {
      if (title === "") title = heading;
      past = heading === "History" || heading === "Insights";
    } else if (!past && /^\s*(?:[-*+]|\d+[.)])\s|^\S/.test(text)) {
      entries += 1;
      const day = /^\s*-\s+(\d{4}-\d{2}-\d{2})\b/.exec(text)?.[1] ?? "";
      if (day > newest) newest = day;
    }
  }
  const name = (title || slugOf(path)).replace(/[[\]\n]/g, " ");
  const link = path.slice(1).replaceAll(" ", "%20").replaceAll("(", "%28").replaceAll(")", "%29");
  return `- [${name}](${link}): ${entries} ${entries === 1 ? "entry" : "entries"}${newest === "" ? "" : `, newest ${newest}`}\n`;
}

function listText(content: string): string | null {
  const lines = linesOf(content).filter((line) => listLine.test(line.text));
  return lines.length === 0 ? null : lines.map((line) => line.text).join("\n");
}

// The list is replaced where it stands; everything else on the page stays.
function withList(content: string, list: readonly string[]): string {
  if (content === "") return `# Index\n\n${list.join("")}`;
  let done = false;
  let text = "";
  for (const line of linesOf(content)) {
    if (!listLine.test(line.text)) text += content.slice(line.start, line.end);
    else if (!done) {
      text += list.join("");
      done = true;
    }
  }
  return done ? text : `${text}\n${list.join("")}`;
}

interface Page {
  content: string;
  readonly edits: { push(edit: ReturnType<typeof insightEdit>): unknown };
}

// The same count again is not told twice; a wider one takes the place of the one it covers.
function addInsight(page: Page, insight: Insight): void {
  const key = keyOf(insight.text);
  for (const line of linesOf(page.content)) {
    const text = line.text.replace(sourceComment, "").replace(/^- /, "");
    if (keyOf(text) !== key) continue;
    if (covers(text, insight.text)) return;
    if (!covers(insight.text, text)) continue;
    page.content = page.content.slice(0, line.start) + renderInsight(insight) + page.content.slice(line.end);
    page.edits.push({ ...insightEdit(insight), kind: "replace", before: text });
    return;
  }
  page.content = appendTo(page.content, "Insights", renderInsight(insight));
  page.edits.push(insightEdit(insight));
}

function keyOf(text: string): string {
  return text.replace(/\d+ (sessions|times).*?(?=: |\.$)/, "# $1");
}

function covers(a: string, b: string): boolean {
  const [first, second] = [daysOf(a), daysOf(b)];
  return first.from <= second.from && first.to >= second.to;
}

function daysOf(text: string): { from: string; to: string } {
  const days = (text.match(/\b(?:on|between|and) \d{4}-\d{2}-\d{2}/g) ?? []).map((day) => day.slice(-10));
  return { from: days[0] ?? "", to: days.at(-1) ?? "" };
}
