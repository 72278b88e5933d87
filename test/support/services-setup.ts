/**
 * vitest's global setup. Test files run in other processes and most need no server, so this process starts each
 * server when a test file first asks for it over loopback HTTP, and stops exactly those at the end.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { TestProject } from "vitest/node";
import { startMongo, startNats, type TestService } from "./services.ts";
import { ServicesMissing } from "./services-install.ts";

export type ServiceName = "mongodb" | "nats";

/** What the broker answers: a server's URL, or why this machine has none. */
export type ServiceAnswer = { readonly url: string } | { readonly missing: string };

declare module "vitest" {
  interface ProvidedContext {
    /** Where test files ask for servers; see `with-services.ts`. */
    readonly serviceBroker: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = new Map<ServiceName, Promise<TestService>>();
  const server = createServer((request, response) => {
    const name = request.url === "/mongodb" ? "mongodb" : "nats";
    answer(name).then(
      (found) => response.end(JSON.stringify(found)),
      (error: unknown) => {
        response.statusCode = 500;
        response.end(String(error));
      },
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the broker has no port");
  project.provide("serviceBroker", `http://127.0.0.1:${address.port}`);

  async function answer(name: ServiceName): Promise<ServiceAnswer> {
    const given =
      name === "mongodb" ? process.env.REVERIED_TEST_MONGODB_URL : process.env.REVERIED_TEST_NATS_URL;
    if (given !== undefined && given !== "") return { url: given };
    let service = started.get(name);
    if (service === undefined) {
      service = name === "mongodb" ? startMongo() : startNats();
      started.set(name, service);
    }
    try {
      return { url: (await service).url };
    } catch (error) {
      if (error instanceof ServicesMissing) return { missing: error.message };
      throw error;
    }
  }

  return async () => {
    server.close();
    server.closeAllConnections();
    const all = await Promise.allSettled(started.values());
    await Promise.all(
      all.map((one) => (one.status === "fulfilled" ? one.value.kill().then(one.value.stop) : undefined)),
    );
  };
}
