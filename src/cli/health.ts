import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { ReveriedError } from "../core/errors.ts";
import { serverUrl } from "./clients.ts";
import { type CommandRun, isGiven } from "./command.ts";
import { exitCodes } from "./exit-codes.ts";
import { printable, writeJson } from "./output.ts";

const silenceMs = 5_000;
const answerBytesMax = 65_536;

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Asks the server whether it is ready; the exit code is the answer for probes. */
export const health: CommandRun = async ({ out, signal }, args) => {
  const url = await serverUrl(args);
  const answer = await ask(`${url}/readyz`, signal);
  const readiness = readReadiness(answer, url);
  const json = isGiven(args, "json");
  if (json) writeJson(out, { url, ...readiness });
  else {
    out.line(`${url} is ${readiness.ok ? "ready" : "not ready"}`);
    for (const { name, ok, reason } of readiness.checks) {
      out.line(`  ${ok ? "ok" : "no"}  ${printable(name)}${reason === "" ? "" : `: ${printable(reason)}`}`);
    }
  }
  return readiness.ok ? exitCodes.ok.code : exitCodes.unavailable.code;
};

function ask(url: string, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const get = url.startsWith("https:") ? getHttps : getHttp;
    const request = get(url, { timeout: silenceMs, signal, agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        body += part;
        if (body.length > answerBytesMax) request.destroy(notOurs(url));
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", (error) => reject(unreachable(url, error)));
    });
    request.on("timeout", () => request.destroy(unreachable(url, null)));
    request.on("error", (error) => reject(error instanceof ReveriedError ? error : unreachable(url, error)));
  });
}

interface Readiness {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly reason: string }[];
}

function readReadiness({ status, body }: Answer, url: string): Readiness {
  try {
    // The server's own answer (`Readiness` of the wire); anything else fails the check below.
    const read = JSON.parse(body) as Readiness;
    if (typeof read.ok === "boolean" && Array.isArray(read.checks) && (status === 200 || status === 503)) {
      return read;
    }
  } catch {
    // Said below.
  }
  throw notOurs(url);
}

function unreachable(url: string, cause: unknown): ReveriedError {
  const where = url.replace(/\/readyz$/, "");
  return new ReveriedError(
    "unavailable",
    `no server answers at ${where}; start one with: reveried serve (or name another with --url)`,
    { cause },
  );
}

function notOurs(url: string): ReveriedError {
  return new ReveriedError("unavailable", `what answers at ${url} is no reveried server; correct --url`);
}
