import { MongoClient, MongoNetworkError, MongoServerError, MongoServerSelectionError } from "mongodb";
import { expect, test } from "vitest";
import type { Clock } from "../../ports/clock.ts";
import { createCalls, upsert } from "./calls.ts";

const lost = new MongoNetworkError("connection closed");
const duplicate = new MongoServerError({ message: "E11000 duplicate key", code: 11_000 });

/** Runs an operation that fails with each of the errors in turn, then answers; `msPerTry` passes in each try. */
async function runFailing(errors: readonly unknown[], msPerTry = 0) {
  let passed = 0;
  const agains: boolean[] = [];
  const clock: Clock = {
    now: () => 0,
    monotonic: () => passed,
    sleep: () => Promise.resolve(),
    nextTurn: () => Promise.resolve(),
  };
  const answer = await createCalls({ clock }, "db:27017")
    .run(async (again) => {
      passed += msPerTry;
      const error = errors[agains.push(again) - 1];
      if (error !== undefined) throw error;
      return "done";
    })
    .catch((error: unknown) => error);
  return { answer, agains };
}

test("a lost connection is tried again, and the operation knows that it may have been done", async () => {
  expect(await runFailing([lost, lost])).toEqual({ answer: "done", agains: [false, true, true] });
});

test("a socket error that comes out of the driver as Node made it is a lost connection", async () => {
  const broken = Object.assign(new Error("write EPIPE"), { code: "EPIPE", syscall: "write" });
  expect(await runFailing([broken])).toMatchObject({ answer: "done" });
  const { answer } = await runFailing([broken, broken, broken, broken]);
  expect(answer).toMatchObject({ kind: "unavailable", cause: broken });
});

test("a pipe that broke without a syscall is a lost connection, too", async () => {
  const ended = Object.assign(new Error("This socket has been ended by the other party"), { code: "EPIPE" });
  expect(await runFailing([ended])).toMatchObject({ answer: "done" });
});

test("what a server says while it stops or steps down is tried again", async () => {
  for (const code of [91, 189, 10_107, 11_600]) {
    const stopping = new MongoServerError({ message: "stopping", code });
    expect(await runFailing([stopping])).toMatchObject({ answer: "done" });
  }
});

test("after four tries the storage is unavailable, and the message names the host", async () => {
  const { answer, agains } = await runFailing([lost, lost, lost, lost, lost]);
  expect(answer).toMatchObject({ kind: "unavailable", message: expect.stringContaining("db:27017") });
  expect(agains).toHaveLength(4);
});

test("a server that says nothing is not asked four times", async () => {
  const { answer, agains } = await runFailing([lost, lost, lost, lost], 10_000);
  expect(answer).toMatchObject({ kind: "unavailable" });
  expect(agains).toHaveLength(1);
});

test("where no server was found within its five seconds, none is looked for again", async () => {
  // Nobody listens on port 1; the driver's own error, because its constructor is not for others.
  const client = new MongoClient("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=1");
  const nowhere: unknown = await client.connect().catch((error: unknown) => error);
  await client.close();
  expect(nowhere).toBeInstanceOf(MongoServerSelectionError);
  const { answer, agains } = await runFailing([nowhere]);
  expect(answer).toMatchObject({ kind: "unavailable" });
  expect(agains).toHaveLength(1);
});

test("other errors pass through as they are, at once", async () => {
  for (const error of [duplicate, new Error("a bug"), new MongoServerError({ message: "bad", code: 9 })]) {
    const { answer, agains } = await runFailing([error]);
    expect(answer).toBe(error);
    expect(agains).toHaveLength(1);
  }
});

test("an upsert that another's upsert refused is done again, three times at most", async () => {
  let tries = 0;
  const failing = (times: number) => () => {
    tries += 1;
    return tries <= times ? Promise.reject(duplicate) : Promise.resolve("done");
  };
  expect(await upsert(failing(2))).toBe("done");
  tries = 0;
  await expect(upsert(failing(9))).rejects.toBe(duplicate);
  expect(tries).toBe(3);
});
