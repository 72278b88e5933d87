import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { createApp, createSystemDeps, findServer } from "../app.ts";
import { type Config, readConfig } from "../config.ts";
import { ReveriedError } from "../core/errors.ts";
import { type Clients, calling, clientsOver, serverUrl, translateCallErrors } from "./clients.ts";
import { type CommandArgs, optionText } from "./command.ts";
import { shownPath } from "./files/file-error.ts";
import { transferUrlOption } from "./transfer-options.ts";

/** Where an export comes from or an import goes to. */
export interface TransferPlace {
  readonly clients: Clients;
  /** The same for the same storage, as far as can be told from here. */
  readonly name: string;
}

/**
 * Calls the server that is named or that serves the data folder; with none, opens the configured storage in this process,
 * without the loops that would work on what is in it. Nor does it send events when it stops: nobody would hear them here.
 */
export async function inTransfer<T>(
  args: CommandArgs,
  options: { readonly mayCreate: boolean },
  run: (place: TransferPlace) => Promise<T>,
): Promise<T> {
  if (optionText(args, transferUrlOption.flag) !== null) {
    const name = await serverUrl(args);
    return calling(args, (clients) => run({ clients, name }));
  }
  const config = readConfig({ insecure: "true" });
  const name = config.mongodbUrl === null ? resolve(config.dataDir) : `MongoDB ${config.mongodbDatabase}`;
  if (config.mongodbUrl === null && (await findServer(config)) !== null) {
    return calling(args, (clients) => run({ clients, name }));
  }
  if (!options.mayCreate) checkFolder(config);
  const deps = createSystemDeps(config.logLevel === "debug" ? "debug" : "silent");
  const app = await createApp(deps, { ...config, natsUrl: null, roles: [] });
  try {
    return await translateCallErrors(() => run({ clients: clientsOver(app.transport), name }));
  } finally {
    await app.stop();
  }
}

function checkFolder({ mongodbUrl, dataDir }: Config): void {
  if (mongodbUrl !== null || existsSync(dataDir)) return;
  throw new ReveriedError(
    "invalid_argument",
    `there is no data folder ${shownPath(dataDir)}; set REVERIED_DATA_DIR, or name a server with --url`,
  );
}
