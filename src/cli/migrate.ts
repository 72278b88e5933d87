import { createSystemDeps, migrateStorage } from "../app.ts";
import { readConfig } from "../config.ts";
import { type CommandRun, isGiven, optionText } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { writeJson } from "./output.ts";

export const migrateFlags = ["data-dir", "mongodb-url", "mongodb-database"] as const;

/** Brings the configured storage up to date and says what was done. `serve` does the same when it starts. */
export const migrate: CommandRun = async ({ out }, args) => {
  const settings: Record<string, string> = {};
  for (const flag of migrateFlags) {
    const given = optionText(args, flag);
    if (given !== null) settings[flag] = given;
  }
  const config = readConfig({ ...settings, insecure: "true" });
  const { storage, from, to } = await migrateStorage(createSystemDeps(config.logLevel), config);
  const place = storage === "sqlite" ? config.dataDir : config.mongodbDatabase;
  if (isGiven(args, "json")) {
    writeJson(out, { storage, place, from, to, changed: from !== to });
    return exitCodes.ok.code;
  }
  const name = storage === "sqlite" ? `SQLite in ${place}` : `MongoDB database ${place}`;
  if (from === to) out.line(`${name} is up to date (version ${to})`);
  else if (from === 0) out.line(`${name} was new; made it ready (version ${to})`);
  else out.line(`${name} was brought from version ${from} to ${to}`);
  return exitCodes.ok.code;
};
