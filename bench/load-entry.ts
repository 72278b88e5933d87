/**
 * The load generator: so many calls at a time over kept connections, the next one as soon as one is answered. It is
 * written on bare sockets and frames, because on a machine of two cores a costly client would be what is measured.
 */
import { callerFor, type LoadJob } from "./load-callers.ts";
import { readJob, serveParent } from "./processes.ts";
import { percentile } from "./statistics.ts";

export interface LoadResult {
  readonly calls: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

// The parse edge: only `startHelper` of this folder starts this file.
const job = readJob() as LoadJob;
const callers = Array.from({ length: job.concurrency }, callerFor(job));

serveParent(async (message) => {
  const { forMs } = message as { readonly forMs: number };
  const latencies: number[] = [];
  const startedAt = performance.now();
  const until = startedAt + forMs;
  await Promise.all(
    callers.map(async (call) => {
      for (let sentAt = performance.now(); sentAt < until; ) {
        await call();
        const answeredAt = performance.now();
        latencies.push(answeredAt - sentAt);
        sentAt = answeredAt;
      }
    }),
  );
  const elapsedMs = performance.now() - startedAt;
  return {
    calls: latencies.length,
    perSecond: (latencies.length * 1_000) / elapsedMs,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  };
});
