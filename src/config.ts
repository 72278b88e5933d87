/** Flags, environment and defaults become a `Config` here; nothing else reads the environment. */
import { z } from "zod";
import { ReveriedError } from "./core/errors.ts";
import { limits } from "./core/limits.ts";
import { defaultModelRoutes, engineNames, type ModelRoute } from "./core/model-map.ts";

export const roles = ["api", "worker", "relay"] as const;
export type Role = (typeof roles)[number];

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  /** null: SQLite in `dataDir`. */
  readonly mongodbUrl: string | null;
  readonly mongodbDatabase: string;
  /** null: events stay in the process. */
  readonly natsUrl: string | null;
  readonly eventStream: string;
  readonly eventFormat: "binary" | "structured";
  readonly eventEncoding: "json" | "binary";
  readonly eventRetentionHours: number;
  readonly models: readonly ModelRoute[];
  readonly roles: readonly Role[];
  readonly concurrency: number;
  readonly engineThreads: number;
  readonly maxTokens: number;
  /** 0: for ever. */
  readonly versionRetentionDays: number;
  readonly corsOrigins: readonly string[];
  readonly insecure: boolean;
  readonly shutdownGraceMs: number;
  readonly logLevel: string;
}

export interface ConfigOption {
  readonly name: keyof Config;
  readonly env: string;
  readonly flag: string;
  /** As a person would write it; empty when unset. */
  readonly default: string;
  /** One line for `--help` and the README. */
  readonly help: string;
  /** Text as given to the value; a `ZodError` says what is wrong. */
  readonly schema: z.ZodType<Config[keyof Config], string>;
}

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);

const commaList = z.string().transform((text) =>
  text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== ""),
);

const url = (schemes: readonly string[]) =>
  z.string().refine((text) => schemes.some((scheme) => text.startsWith(`${scheme}://`)), {
    error: `must start with ${schemes.map((scheme) => `${scheme}://`).join(" or ")}`,
  });

const models = commaList.transform((items, context): readonly ModelRoute[] =>
  items.map((item) => {
    const [pattern = "", engine = "", ...rest] = item.split("=");
    const known = engineNames.find((name) => name === engine);
    if (pattern === "" || known === undefined || rest.length > 0) {
      context.addIssue({
        code: "custom",
        message: `${JSON.stringify(item)} must be NAME=ENGINE with ENGINE one of: ${engineNames.join(", ")}`,
      });
    }
    return { pattern, engine: known ?? "offline" };
  }),
);

const roleList = commaList.transform((items, context): readonly Role[] => {
  if (items.length === 1 && items[0] === "all") return roles;
  const known = items.flatMap((item) => roles.find((role) => role === item) ?? []);
  if (known.length < items.length || known.length === 0) {
    context.addIssue({ code: "custom", message: `must be all, or of ${roles.join(", ")} joined by commas` });
  }
  return known;
});

/** Every setting there is, in the order in which help shows them. */
export const configOptions: readonly ConfigOption[] = [
  option("host", "127.0.0.1", "Address to listen on", z.string().min(1, "must not be empty")),
  option("port", "4600", "Port for everything; 0 picks a free one", wholeNumber(0, 65_535)),
  option("dataDir", ".reveried", "Folder of the embedded database", z.string().min(1, "must not be empty")),
  option(
    "mongodbUrl",
    "",
    "MongoDB to use instead of the embedded database",
    url(["mongodb", "mongodb+srv"]),
  ),
  option(
    "mongodbDatabase",
    "reveried",
    "Name of the MongoDB database",
    z.string().regex(/^[A-Za-z0-9_-]{1,63}$/, "must be 1 to 63 of A-Z a-z 0-9 _ -"),
  ),
  option("natsUrl", "", "NATS server with JetStream to publish events to", url(["nats", "tls"])),
  option(
    "eventStream",
    "DREAMS",
    "Name of the JetStream stream",
    z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 of A-Z a-z 0-9 _ -"),
  ),
  option(
    "eventFormat",
    "binary",
    "CloudEvents mode of events: binary or structured",
    z.enum(["binary", "structured"]),
  ),
  option(
    "eventEncoding",
    "json",
    "Encoding of event data: json or binary (Protobuf)",
    z.enum(["json", "binary"]),
  ),
  option(
    "eventRetentionHours",
    "720",
    "How long a stream made here keeps events, in hours",
    wholeNumber(1, 87_600),
  ),
  option(
    "models",
    defaultModelRoutes.map((route) => `${route.pattern}=${route.engine}`).join(","),
    "Model names and the engine that serves each, NAME=ENGINE joined by commas",
    models,
  ),
  option(
    "roles",
    "all",
    "What this process does: all, or of api, worker, relay joined by commas",
    roleList,
    "role",
  ),
  option("concurrency", "4", "How many dreams run at once in this process", wholeNumber(1, 256)),
  option("engineThreads", "1", "Threads of the offline engine", wholeNumber(1, 64)),
  option(
    "maxTokens",
    "8000",
    "Most that the new entries of one dream may take, in estimated tokens",
    wholeNumber(200, 10_000_000),
  ),
  option(
    "versionRetentionDays",
    String(limits.versionRetentionMs / 86_400_000),
    "How long old versions of memories are kept, in days; 0 for ever",
    wholeNumber(0, 36_500),
  ),
  option("corsOrigins", "loopback", "Origins of web pages that may call: a list, loopback, or *", commaList),
  option(
    "insecure",
    "false",
    "Listen beyond this machine although there is no authentication: true or false",
    z.enum(["true", "false"], "must be true or false").transform((text) => text === "true"),
  ),
  option(
    "shutdownGraceMs",
    String(limits.shutdownGraceMs),
    "How long running dreams may take to end at shutdown, in milliseconds",
    wholeNumber(0, 600_000),
  ),
  option(
    "logLevel",
    "info",
    "Least severe log line: debug, info, warn, error or silent",
    z.enum(["debug", "info", "warn", "error", "silent"]),
  ),
];

/**
 * The configuration from flags (by option name), then the environment, then the defaults. Throws `invalid_argument` in
 * one line that names the setting as the user wrote it; a `REVERIED_` variable that is no setting is refused too, since
 * a misspelt one would silently do nothing.
 */
export function readConfig(
  flags: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): Config {
  checkNames(flags, env);
  const values: Record<string, unknown> = {};
  for (const { name, env: variable, flag, default: fallback, schema } of configOptions) {
    const fromFlag = flags[flag];
    const given = fromFlag ?? (env[variable] === "" ? undefined : env[variable]);
    const parsed =
      given === undefined && fallback === ""
        ? { success: true as const, data: null }
        : schema.safeParse(given ?? fallback);
    if (!parsed.success) {
      const source = fromFlag === undefined ? variable : `--${flag}`;
      throw badSetting(`${source}: ${parsed.error.issues[0]?.message ?? "is not valid"}`, variable);
    }
    values[name] = parsed.data;
  }
  // Every name of `Config` is in the table, which its own type guarantees one by one and a test as a whole.
  const config = values as unknown as Config;
  checkExposure(config);
  return config;
}

/** What the environment says of output, for every command. */
export interface OutputSettings {
  /** False with `NO_COLOR` set; whether a terminal is there is for others to see. */
  readonly color: boolean;
  /** Whether causes of errors are shown: `REVERIED_LOG_LEVEL=debug`. */
  readonly debug: boolean;
}

/** Read before the configuration, which may itself be what is wrong; so this never throws. */
export function readOutputSettings(
  env: Readonly<Record<string, string | undefined>> = process.env,
): OutputSettings {
  const color = (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb";
  return { color, debug: env.REVERIED_LOG_LEVEL === "debug" };
}

function option(
  name: keyof Config,
  fallback: string,
  help: string,
  schema: z.ZodType<Config[keyof Config], string>,
  flag = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
): ConfigOption {
  const env = `REVERIED_${flag.replaceAll("-", "_").toUpperCase()}`;
  return { name, env, flag, default: fallback, help, schema };
}

function checkNames(
  flags: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string | undefined>>,
): void {
  const knownFlags = new Set(configOptions.map((known) => known.flag));
  for (const flag of Object.keys(flags)) {
    if (!knownFlags.has(flag)) throw badSetting(`--${flag} is no option; see reveried serve --help`, flag);
  }
  const knownEnv = new Set(configOptions.map((known) => known.env));
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith("REVERIED_") || variable.startsWith("REVERIED_TEST_") || knownEnv.has(variable))
      continue;
    throw badSetting(`${variable} is no setting of this version; see reveried serve --help`, variable);
  }
}

/** Whoever reaches the port may read and write everything, so it stays on this machine unless told otherwise. */
function checkExposure({ host, insecure }: Config): void {
  if (insecure || isLoopback(host)) return;
  throw badSetting(
    `REVERIED_HOST: ${host} can be reached from other machines and there is no authentication; use 127.0.0.1, or accept that with --insecure`,
    "REVERIED_HOST",
  );
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function badSetting(message: string, field: string): ReveriedError {
  return new ReveriedError("invalid_argument", message, { details: { field } });
}
