/** Exports and imports as a caller makes them. */
import type { Principal } from "../../src/core/principal.ts";
import type { UseCases } from "../../src/service/use-cases.ts";

type Use = Pick<UseCases, "exportTenant" | "importRecords">;

const never = new AbortController().signal;

/** All lines of an export, without their ends. */
export async function exportLines(use: Use, principal: Principal, after = ""): Promise<string[]> {
  const lines: string[] = [];
  for await (const answer of use.exportTenant(principal, { after }, never)) {
    lines.push(...answer.lines.trimEnd().split("\n"));
  }
  return lines;
}

/** Imports all lines, some in each call. */
export async function importLines(
  use: Use,
  principal: Principal,
  lines: readonly string[],
  linesPerCall = 200,
): Promise<{ readonly written: number; readonly present: number }> {
  const done = { written: 0, present: 0 };
  for (let first = 0; first < lines.length; first += linesPerCall) {
    const some = lines.slice(first, first + linesPerCall).join("\n");
    const { written, present } = await use.importRecords(principal, { lines: some, firstLine: first + 1 });
    done.written += written;
    done.present += present;
  }
  return done;
}

/** How many lines there are of each kind. */
export function kindsOf(lines: readonly string[]): Record<string, number> {
  const kinds: Record<string, number> = {};
  for (const line of lines) {
    const { kind } = JSON.parse(line) as { readonly kind: string };
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
}
