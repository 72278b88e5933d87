import type { Reporter, TestModule } from "vitest/node";

/**
 * Prints `N passed, N failed, N skipped` as the last line of a run, after a line for each reason why tests were
 * skipped. A hook, a file or a promise that failed outside of any test counts as one failed.
 */
export function closingLine(): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const count = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
      const reasons = new Map<string, number>();
      for (const module of modules) countModule(module, count, reasons);
      const lines = [...reasons].map(([reason, times]) => `skipped ${times}: ${reason}`);
      lines.push(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
      // The summary of the reporter before this one is written in the same turn; this must stand below it.
      process.once("exit", () => process.stdout.write(`${lines.join("\n")}\n`));
    },
  };
}

function countModule(
  module: TestModule,
  count: { passed: number; failed: number; skipped: number },
  reasons: Map<string, number>,
): void {
  if (module.errors().length > 0) count.failed += 1;
  for (const suite of module.children.allSuites()) if (suite.errors().length > 0) count.failed += 1;
  for (const test of module.children.allTests()) {
    const result = test.result();
    if (result.state === "passed") count.passed += 1;
    else if (result.state === "failed") count.failed += 1;
    else {
      count.skipped += 1;
      const note = result.state === "skipped" ? result.note : undefined;
      const reason = note ?? /\[skipped: .*\]/.exec(test.fullName)?.[0] ?? test.fullName;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  }
}
