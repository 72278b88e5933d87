import { expect, test } from "vitest";
import { parseServers } from "./server-url.ts";

test.each([
  ["nats://127.0.0.1:4222", ["127.0.0.1:4222"], false],
  ["nats://nats", ["nats:4222"], false],
  ["nats", ["nats:4222"], false],
  ["nats:80", ["nats:80"], false],
  ["nats://nats:80", ["nats:80"], false],
  ["tls://nats.example.com:4443/", ["nats.example.com:4443"], true],
  ["nats://[::1]:4333", ["[::1]:4333"], false],
  ["nats://[::1]", ["[::1]:4222"], false],
  ["nats://a:1, nats://b:2", ["a:1", "b:2"], false],
])("%s names its servers", (url, servers, tls) => {
  expect(parseServers(url)).toEqual({ servers, tls, credentials: { kind: "none" } });
});

test("a user, a password and a token are read, with their escapes", () => {
  expect(parseServers("nats://me:p%40ss%3A@nats:1").credentials).toEqual({
    kind: "user",
    user: "me",
    pass: "p@ss:",
  });
  expect(parseServers("nats://s3cret@nats").credentials).toEqual({ kind: "token", token: "s3cret" });
  expect(parseServers("nats://me:p@a:1,nats://me:p@b:2").servers).toEqual(["a:1", "b:2"]);
});

test.each([
  "",
  "nats://",
  "http://nats",
  "nats://nats/path",
  "nats://na ts",
  "nats://nats:99999",
  "a,,b",
  "mongodb://x",
])("%j is refused with what it should be", (url) => {
  expect(() => parseServers(url)).toThrow(/REVERIED_NATS_URL must be nats:\/\/host:port/);
});

test("a refusal repeats no password", () => {
  for (const url of ["nats://me:hunter2@na ts", "nats://me:hunter2%@nats", "nats://me:hunter2@a,nats://b"]) {
    let message = "";
    try {
      parseServers(url);
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(/REVERIED_NATS_URL/);
    expect(message).not.toMatch(/hunter2/);
  }
});
