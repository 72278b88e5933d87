export interface Backoff {
  readonly initialMs: number;
  readonly maxMs: number;
}

/** Full jitter over an exponential: between half and the whole of `initial * 2^(attempt-1)`, never above the maximum. */
export function backoffMs(attempt: number, fraction: number, { initialMs, maxMs }: Backoff): number {
  const whole = Math.min(maxMs, initialMs * 2 ** Math.min(30, Math.max(0, attempt - 1)));
  return Math.round(whole * (0.5 + fraction / 2));
}

/** An interval with a tenth of jitter either way, so that many processes do not tick together. */
export function jitteredMs(intervalMs: number, fraction: number): number {
  return Math.round(intervalMs * (0.9 + fraction * 0.2));
}
