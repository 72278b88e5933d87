import { type DreamChange, type Edit, EditKind, Trust } from "../../gen/dream/v1/dream_pb.ts";

export interface PlacedEdit {
  readonly path: string;
  readonly edit: Edit;
}

export interface EditGroup {
  /** What its edits have in common, for people. */
  readonly title: string;
  /** How many there are in all. */
  readonly total: number;
  readonly shown: readonly PlacedEdit[];
}

/** The most telling kind first, with how many of it are worth a look. */
const groups: readonly {
  readonly title: string;
  readonly kinds: readonly EditKind[];
  readonly most: number;
}[] = [
  { title: "A newer statement takes the place of an older one", kinds: [EditKind.SUPERSEDE], most: 4 },
  { title: "The same was said more than once", kinds: [EditKind.MERGE], most: 2 },
  { title: "Corrected or taken out", kinds: [EditKind.REPLACE, EditKind.REMOVE], most: 2 },
  { title: "Moved to where it belongs", kinds: [EditKind.MOVE], most: 1 },
  { title: "New in memory", kinds: [EditKind.ADD], most: 4 },
];

/** The few edits that show best what a dream did, each statement once, and how many there are of each kind. */
export function tellingEdits(changes: readonly DreamChange[]): readonly EditGroup[] {
  // What rests on nothing that was said, such as a list of the files, tells nothing.
  const sourced = ({ sources }: Edit) => sources.length > 0;
  const all = changes.flatMap(({ path, edits }) => edits.filter(sourced).map((edit) => ({ path, edit })));
  const seen = new Set<string>();
  return groups.flatMap(({ title, kinds, most }) => {
    const members = all.filter(({ edit }) => kinds.includes(edit.kind));
    const shown: PlacedEdit[] = [];
    const paths = new Set<string>();
    for (const placed of members.toSorted((a, b) => weight(b.edit) - weight(a.edit))) {
      const words = placed.edit.after ?? placed.edit.before ?? "";
      if (shown.length === most || seen.has(words) || paths.has(placed.path)) continue;
      seen.add(words);
      paths.add(placed.path);
      shown.push(placed);
    }
    return members.length === 0 ? [] : [{ title, total: members.length, shown }];
  });
}

/** What people said, with a date, in a sentence that is neither short nor long, says most. */
function weight({ sources, before, after }: Edit): number {
  const people = sources.filter(({ trust }) => trust === Trust.USER).length;
  const dated = sources.some(({ source }) => source.case === "event" && source.value.saidAt !== undefined);
  const words = after ?? before ?? "";
  const plain = words.length >= 40 && words.length <= 200 && !words.includes("\n");
  return Math.min(people, 3) * 2 + (dated ? 1 : 0) + (plain ? 3 : 0);
}
