/** Calls over the wire as a person with curl makes them, one after another. */
import { expect } from "vitest";
import { post } from "./serve.ts";

export type Json = Record<string, unknown>;

/** A call that must succeed, and what of its answer the next call needs. */
export type Caller = (procedure: string, body: unknown) => Promise<Json>;

/** Calls that must succeed at this server. */
export function caller(url: string): Caller {
  return async (procedure, body) => {
    const answer = await post(url, procedure, body);
    expect(answer.body, procedure).not.toHaveProperty("code");
    expect(answer.status).toBe(200);
    return answer.body;
  };
}

export const part = (body: Json, name: string): Json => body[name] as Json;

/** The id of a new store. */
export async function aStore(call: Caller, fields: Json = {}): Promise<string> {
  const created = await call("MemoryStoreService/CreateMemoryStore", { name: "notes", ...fields });
  return String(part(created, "memoryStore").id);
}
