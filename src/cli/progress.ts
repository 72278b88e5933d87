import type { Output } from "./output.ts";

export interface Progress {
  /** How far a step is; `total` 0 while it is unknown. */
  show(step: string, done: number, total: number): void;
  /** A line that stays. */
  tell(line: string): void;
  /** Takes away what was only for the moment; may be called twice. */
  end(): void;
}

const clearLine = "\r\u001b[K";
const barWidth = 24;

/** One line that is drawn anew on a terminal; in a pipe one line for each step; nothing when `quiet`. */
export function createProgress(err: Output, options: { readonly quiet: boolean }): Progress {
  let shown = false;
  let lastStep = "";
  const clear = () => {
    if (shown) err.write(clearLine);
    shown = false;
  };
  return {
    show(step, done, total) {
      if (options.quiet) return;
      if (err.isTerminal) {
        err.write(`${clearLine}${draw(err, step, done, total)}`);
        shown = true;
      } else if (step !== lastStep) {
        err.line(total > 0 ? `${step} (${total})` : step);
      }
      lastStep = step;
    },
    tell(line) {
      if (options.quiet) return;
      clear();
      err.line(line);
    },
    end: clear,
  };
}

function draw(err: Output, step: string, done: number, total: number): string {
  const name = step.padEnd(22).slice(0, 22);
  if (total <= 0) return done > 0 ? `${name} ${done.toLocaleString("en")}` : name;
  const share = Math.min(1, done / total);
  const filled = Math.round(share * barWidth);
  const bar = `${"━".repeat(filled)}${err.paint("dim", "━".repeat(barWidth - filled))}`;
  return `${name} ${bar} ${done.toLocaleString("en")} of ${total.toLocaleString("en")}`;
}
