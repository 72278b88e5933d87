import { describe, expect, test } from "vitest";
import { eventMessage } from "../../../test/support/event-messages.ts";
import {
  checkPrefix,
  covers,
  defaultPrefixes,
  eventSubject,
  historySubject,
  listenSubjects,
} from "./subjects.ts";

describe("subjects", () => {
  test("name the tenant, the dream and what happened", () => {
    expect(eventSubject(defaultPrefixes, eventMessage("drm_1", 2))).toBe("dreams.v1.acme.drm_1.started");
    expect(historySubject(defaultPrefixes, "acme", "drm_1")).toBe("dreams.v1.acme.drm_1.>");
  });

  test("of a dream's listeners are its hints and its events, of workers only hints", () => {
    expect(listenSubjects(defaultPrefixes, { kind: "dream", tenant: "acme", dreamId: "drm_1" })).toEqual([
      "reveried.live.dream.acme.drm_1",
      "dreams.v1.acme.drm_1.>",
    ]);
    expect(listenSubjects(defaultPrefixes, { kind: "work" })).toEqual(["reveried.live.work"]);
  });

  test("refuse an id or a tenant that would reach other subjects", () => {
    for (const id of ["", "*", ">", "drm.1", "drm_1.>", "drm 1", "drm_1\r\n", "drm_é"]) {
      expect(() => historySubject(defaultPrefixes, "acme", id)).toThrow(
        expect.objectContaining({ kind: "not_found" }),
      );
    }
    for (const tenant of ["", "*", ">", "a.b", "a b", "a\n"]) {
      expect(() => historySubject(defaultPrefixes, tenant, "drm_1")).toThrow(
        expect.objectContaining({ kind: "invalid_argument" }),
      );
    }
  });

  test("begin with plain words only", () => {
    for (const prefix of ["dreams.v1", "a", "a-b.c_d"]) expect(() => checkPrefix("p", prefix)).not.toThrow();
    for (const prefix of ["", ".", "a.", ".a", "a..b", "a.*", "a.>", "a b"]) {
      expect(() => checkPrefix("p", prefix)).toThrow(expect.objectContaining({ kind: "invalid_argument" }));
    }
  });
});

describe("a pattern covers", () => {
  test.each([
    ["dreams.v1.>", "dreams.v1.>", true],
    ["dreams.>", "dreams.v1.>", true],
    [">", "dreams.v1.>", true],
    ["dreams.*.>", "dreams.v1.>", true],
    ["dreams.v1.acme.>", "dreams.v1.>", false],
    ["dreams.v1.*", "dreams.v1.>", false],
    ["dreams.v1", "dreams.v1.>", false],
    ["dreams.v1.>", "dreams.*.>", false],
    ["dreams.v2.>", "dreams.v1.>", false],
    ["dreams.v1.a", "dreams.v1.a", true],
    ["dreams.v1.a.>", "dreams.v1.a", false],
  ])("%s over %s: %s", (pattern, wanted, expected) => {
    expect(covers(pattern, wanted)).toBe(expected);
  });
});
