/** Suites that need a server: they get its URL, or are skipped with the reason in their name, counted and seen. */
import { randomBytes } from "node:crypto";
import { describe, inject } from "vitest";
import type { ServiceAnswer, ServiceName } from "./services-setup.ts";

/**
 * A `describe` whose tests need the run's shared servers; await it at the top level of a test file. Without one of
 * them the tests are registered all the same, and skipped. `urls` are in the order of `names`; a suite shares its
 * servers with others, so it takes names from `freshName`.
 */
export async function describeWith<const Names extends readonly ServiceName[]>(
  names: Names,
  title: string,
  body: (urls: { readonly [Index in keyof Names]: string }) => void,
): Promise<void> {
  const answers = await Promise.all(names.map(ask));
  const reasons = answers.flatMap((found) => ("missing" in found ? [found.missing] : []));
  const urls = answers.map((found) => ("url" in found ? found.url : "")) as {
    readonly [Index in keyof Names]: string;
  };
  if (reasons.length === 0) describe(title, () => body(urls));
  else describe.skip(`${title} [skipped: ${[...new Set(reasons)].join("; ")}]`, () => body(urls));
}

/** A name no other test has, fit for a database, a stream or a subject: a letter and 16 hex digits. */
export function freshName(): string {
  return `t${randomBytes(8).toString("hex")}`;
}

async function ask(name: ServiceName): Promise<ServiceAnswer> {
  const response = await fetch(`${inject("serviceBroker")}/${name}`);
  if (!response.ok) throw new Error(`no ${name} server: ${await response.text()}`);
  return (await response.json()) as ServiceAnswer;
}
