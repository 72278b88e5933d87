import type { Claim } from "./claims.ts";
import { estimateTokens } from "./tokens.ts";

export interface Selection {
  readonly chosen: ReadonlySet<Claim>;
  /** Claims left out for want of room. */
  readonly leftOut: number;
}

// Label, list mark and line end of an entry.
const entryOverheadTokens = 10;

/** Fills the budget with the claims that say most for their length: salience over tokens to the power of 0.35. */
export function selectClaims(claims: readonly Claim[], maxTokens: number): Selection {
  const weighed = claims.map((claim) => {
    const tokens =
      entryOverheadTokens +
      claim.statements.reduce((sum, statement) => sum + estimateTokens(statement.shown) + 1, 0);
    const salience = claim.statements.reduce((sum, statement) => sum + statement.salience, 0);
    return { claim, tokens, value: salience / tokens ** 0.35 };
  });
  weighed.sort((a, b) => b.value - a.value || b.claim.order - a.claim.order || a.tokens - b.tokens);
  const chosen = new Set<Claim>();
  let room = maxTokens;
  let leftOut = 0;
  for (const { claim, tokens } of weighed) {
    if (claim.statements.length === 0) continue;
    if (tokens > room) leftOut += 1;
    else {
      chosen.add(claim);
      room -= tokens;
    }
  }
  return { chosen, leftOut };
}
