import { ReveriedError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";

/** What a caller may leave out; see `WireConfig` for what each means. */
export type WireOptions = Partial<WireConfig>;

export interface WireConfig {
  /** Name or address to listen on. */
  readonly host: string;
  /** 0 to 65,535; 0 lets the system choose a free one. */
  readonly port: number;
  /**
   * Origins whose pages may call: each an origin as browsers send it (`https://app.example.com`), `*` for any, or
   * `loopback` for pages served from this machine.
   */
  readonly corsOrigins: readonly string[];
  readonly connectionsMax: number;
  /** How long a new connection may take to show which protocol it speaks. */
  readonly sniffTimeoutMs: number;
  /** How long a connection may say nothing: HTTP/1.1 between requests, HTTP/2 before and after a ping. */
  readonly silentSocketMs: number;
  /** How long a request may take to arrive, headers and body. */
  readonly receiveTimeoutMs: number;
  /** HTTP/2 streams open at once on one connection. */
  readonly streamsPerConnection: number;
  readonly headerBytes: number;
  readonly requestBodyBytes: number;
  /** The deadline of a call whose caller gave none. */
  readonly requestTimeoutMs: number;
  /** The longest deadline a caller may give. */
  readonly requestTimeoutMaxMs: number;
  /** The same for streams, and their default. */
  readonly watchTimeoutMaxMs: number;
  /** How long a readiness check may take before it counts as failed. */
  readonly readyTimeoutMs: number;
  /** How often a health watch looks, and how long an answer about readiness is reused. */
  readonly readyIntervalMs: number;
}

const defaults: WireConfig = {
  host: "127.0.0.1",
  port: 4600,
  corsOrigins: ["loopback"],
  connectionsMax: limits.connectionsMax,
  sniffTimeoutMs: limits.sniffTimeoutMs,
  silentSocketMs: limits.silentSocketMs,
  receiveTimeoutMs: limits.requestTimeoutMs,
  streamsPerConnection: limits.streamsPerConnection,
  headerBytes: limits.headerBytes,
  requestBodyBytes: limits.requestBodyBytes,
  requestTimeoutMs: limits.requestTimeoutMs,
  requestTimeoutMaxMs: limits.requestTimeoutMaxMs,
  watchTimeoutMaxMs: limits.watchTimeoutMaxMs,
  readyTimeoutMs: 5_000,
  readyIntervalMs: 1_000,
};

const corsOriginsMax = 100;

/** Fills in the defaults. Throws `invalid_argument` naming the option that is out of its bounds. */
export function resolveWireOptions(options: WireOptions): WireConfig {
  const config = { ...defaults, ...options };
  if (!Number.isInteger(config.port) || config.port < 0 || config.port > 65_535) {
    throw badOption("port", `must be a whole number from 0 to 65535, got ${config.port}`);
  }
  if (config.host === "") throw badOption("host", "must not be empty");
  if (config.corsOrigins.length > corsOriginsMax) {
    throw badOption("corsOrigins", `must be at most ${corsOriginsMax} origins`);
  }
  for (const origin of config.corsOrigins) checkOrigin(origin);
  for (const [name, value] of Object.entries(config)) {
    if (typeof value === "number" && name !== "port" && !(Number.isInteger(value) && value > 0)) {
      throw badOption(name, `must be a whole number above 0, got ${value}`);
    }
  }
  return config;
}

function checkOrigin(origin: string): void {
  if (origin === "*" || origin === "loopback") return;
  if (URL.canParse(origin) && new URL(origin).origin === origin) return;
  throw badOption(
    "corsOrigins",
    `${JSON.stringify(origin)} is not an origin; write scheme, host and port only, e.g. "https://app.example.com"`,
  );
}

function badOption(name: string, message: string): ReveriedError {
  return new ReveriedError("invalid_argument", `option ${name}: ${message}`, { details: { field: name } });
}
