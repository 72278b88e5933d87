import type { DescMethod } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { dreamServices } from "../../src/wire/native/routes.ts";
import { unimplementedRpcs } from "../../src/wire/native/unimplemented.ts";
import { post, serve, serveApp } from "./serve.ts";

const methods: readonly DescMethod[] = dreamServices.flatMap((service) => [...service.methods]);
const nameOf = (method: DescMethod) => `${method.parent.name}.${method.name}`;

describe("RPCs that are not served yet", () => {
  test("are all RPCs of dream.v1, and each once", () => {
    const names = methods.map(nameOf);
    expect(unimplementedRpcs.filter((name) => !names.includes(name))).toEqual([]);
    expect(new Set(unimplementedRpcs).size).toBe(unimplementedRpcs.length);
  });

  test("answer unimplemented and say so, and no other RPC does", async () => {
    await using served = await serveApp();
    const answered: string[] = [];
    for (const method of methods.filter((one) => one.methodKind === "unary")) {
      const procedure = `${method.parent.name}/${method.name}`;
      const { status, body } = await post(served.url, procedure, {});
      expect(status, procedure).not.toBe(404);
      if (body.code !== "unimplemented") continue;
      expect(body.message).toBe(`dream.v1.${procedure} is not served by this version`);
      answered.push(nameOf(method));
    }
    expect(answered.toSorted()).toEqual([...unimplementedRpcs].toSorted());
  });

  test.each([
    ["session_selector", { sessionSelector: { tag: "x" } }],
    ["dry_run", { dryRun: true }],
  ])("include the field %s of CreateDream", async (field, request) => {
    await using served = await serve();
    const { status, body, headers } = await post(served.url, "DreamService/CreateDream", request);
    expect([status, body.code]).toEqual([501, "unimplemented"]);
    expect(body.message).toContain(field);
    expect(headers.get("reveried-field")).toBe(field);
  });
});
