/** Words that open something. A sentence that holds one is not copied into a memory, nor quoted as a source. */
const secretPatterns: readonly RegExp[] = [
  /\b(?:sk|pk|rk|ak)[-_](?:[A-Za-z0-9]+[-_])*[A-Za-z0-9]{12,}/,
  /\b(?:gh[pousr]|github_pat|glpat|xox[abposr]|npm|pypi|hf|dop_v1|shpat|rv)[-_][A-Za-z0-9_-]{16,}/,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  /\bAIza[A-Za-z0-9_-]{30,}/,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/,
  /-----BEGIN [A-Z ]*PRIVATE KEY/,
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]+:[^\s@/]+@/i,
  /\bbearer\s+[A-Za-z0-9._~+/-]{16,}/i,
  /\b(?:pass(?:word|wd|phrase|wort)?|pwd|secret|token|api[-_ ]?key|access[-_ ]?key|pin|otp)\b["']?\s*(?:is|ist|was|=|:|->|=>)\s*["'`]?(?=\S*[\d!@#$%^&*_-])\S{4,}/i,
];
// A long run of mixed letters and digits is a key far more often than a word.
const opaqueRun = /[A-Za-z0-9+/_-]{28,}/g;

export function holdsSecret(text: string): boolean {
  if (secretPatterns.some((pattern) => pattern.test(text))) return true;
  for (const [run] of text.matchAll(opaqueRun)) {
    if (/[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run) && !run.includes("/")) return true;
    if (/^[0-9a-f]{32,}$/.test(run)) return true;
  }
  return false;
}
