import { expect, test } from "vitest";
import { holdsSecret } from "./secrets.ts";

test.each([
  "Use sk-proj-abcdefghijklmnop1234 for now.",
  "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
  "Our key AKIAIOSFODNN7EXAMPLE is old.",
  "Connect to postgres://app:hunter2@db.example:5432/app now.",
  "Authorization: Bearer abcdefghijklmnopqrstuv",
  "my password is correct-horse-9",
  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc",
  "-----BEGIN RSA PRIVATE KEY-----",
  "Das Passwort ist geheim123",
])("a secret is seen: %s", (text) => {
  expect(holdsSecret(text)).toBe(true);
});

test.each([
  "The token budget is 8,000 tokens.",
  "The secret is out: we ship on Friday.",
  "I reset my password yesterday.",
  "See https://example.com/docs/getting-started/installation-guide-for-linux.",
  "The Rindfleischetikettierungsueberwachung was long.",
  "The release candidate is v2.3.1-rc.1.",
])("ordinary talk is not one: %s", (text) => {
  expect(holdsSecret(text)).toBe(false);
});
