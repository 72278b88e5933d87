/** Servers to test the wire with: over use cases of the test's own, or over the whole service in memory. */
import { createSystemClock } from "../../src/adapters/system/clock.ts";
import { createSystemDigest } from "../../src/adapters/system/digest.ts";
import { createSilentLog } from "../../src/adapters/system/log.ts";
import { createSystemRandom } from "../../src/adapters/system/random.ts";
import { type App, createApp } from "../../src/app.ts";
import { readConfig } from "../../src/config.ts";
import type { Log } from "../../src/ports/log.ts";
import type { UseCases } from "../../src/service/use-cases.ts";
import type { Address, Listener } from "../../src/wire/listener.ts";
import { createWireServer, type WireDeps } from "../../src/wire/server.ts";
import { resolveWireOptions, type WireOptions } from "../../src/wire/wire-config.ts";

export interface Served extends Address, AsyncDisposable {
  readonly server: Listener;
  readonly logged: readonly LogLine[];
}

export interface ServedApp extends AsyncDisposable {
  readonly app: App;
  readonly url: string;
}

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface ServeOptions extends Partial<Omit<WireDeps, "useCases">> {
  /** Those the test calls; any other fails it. */
  readonly useCases?: Partial<UseCases>;
  readonly config?: WireOptions;
}

export async function serve({ useCases = {}, config = {}, ...deps }: ServeOptions = {}): Promise<Served> {
  const logged: LogLine[] = [];
  const server = createWireServer(
    {
      clock: createSystemClock(),
      random: createSystemRandom(),
      log: recordingLog(logged),
      authenticate: () => ({ tenant: "acme", keyId: null }),
      ready: async () => ({ ok: true, checks: [] }),
      ...deps,
      // A parse edge of the test: what it does not give, nothing may call.
      useCases: useCases as UseCases,
    },
    resolveWireOptions({ port: 0, ...config }),
  );
  const address = await server.listen();
  return { ...address, server, logged, [Symbol.asyncDispose]: () => server.stop(0) };
}

/**
 * The whole service over SQLite in memory. Without its loops, which is how it comes, a dream that is made stays
 * pending.
 */
export async function serveApp(options: { readonly loops?: boolean } = {}): Promise<ServedApp> {
  const app = await createApp(
    {
      clock: createSystemClock(),
      random: createSystemRandom(),
      digest: createSystemDigest(),
      log: createSilentLog(),
    },
    readConfig({ port: "0" }, {}),
    { inMemory: true },
  );
  const { url } = await app.listen();
  if (options.loops === true) await app.start();
  return { app, url, [Symbol.asyncDispose]: () => app.stop() };
}

function recordingLog(lines: LogLine[]): Log {
  const at =
    (level: LogLine["level"]) =>
    (message: string, fields: LogLine["fields"] = {}) => {
      lines.push({ level, message, fields });
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Calls a unary RPC as a person with curl would. */
export async function post(
  url: string,
  procedure: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> }> {
  const response = await fetch(`${url}/dream.v1.${procedure}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await jsonOf(response) };
}

export async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json();
  return body as Record<string, unknown>;
}
