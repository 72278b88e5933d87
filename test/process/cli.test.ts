import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { examples, freshFolder, runCli } from "./cli-process.ts";

const cwd = examples;

describe("a command line that is wrong", () => {
  test("is told in one line", async () => {
    const { stderr } = await runCli(["serve", "--frob"], { cwd });
    expect(stderr).toBe("reveried: serve: unknown option --frob (see: reveried serve --help)\n");
  });

  test("says where an error came from only at the log level debug", async () => {
    await using folder = await freshFolder();
    const env = { REVERIED_LOG_LEVEL: "debug" };
    const { stderr } = await runCli(["dream", join(folder.path, "absent"), "--out", join(folder.path, "o")], {
      cwd,
      env,
    });
    expect(stderr).toMatch(/^ +at /m);
  });

  test("a setting in the environment that is none is refused", async () => {
    const { code, stderr } = await runCli(["health"], { cwd, env: { REVERIED_PROT: "1" } });
    expect(stderr).toContain("REVERIED_PROT is no setting of this version");
    expect(code).toBe(2);
  });
});

describe("help", () => {
  test("of serve lists every option with its default", async () => {
    const { stdout, code } = await runCli(["serve", "--help"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toMatch(/--port VALUE +Port .*\[4600\]/);
    expect(stdout).toMatch(/--insecure +Listen/);
  });

  test.each([
    "dream",
    "dreams list",
    "dreams create",
    "stores show",
    "stores import",
    "stores protect",
    "sessions import",
    "sessions export",
    "erase",
    "demo",
    "health",
    "migrate",
  ])("of %s is its own", async (name) => {
    const { stdout, code } = await runCli([...name.split(" "), "--help"], { cwd });
    expect(stdout).toContain(`Usage: reveried ${name}`);
    expect(code).toBe(0);
  });

  test("names the exit codes", async () => {
    const { stdout, code } = await runCli(["--help"], { cwd });
    expect(stdout).toMatch(/3 {2}a server, the storage/);
    expect(code).toBe(0);
  });

  test("the version is that of the package", async () => {
    const { version } = JSON.parse(await readFile(join(examples, "..", "package.json"), "utf8"));
    expect((await runCli(["--version"], { cwd })).stdout).toBe(`reveried ${version}\n`);
  });
});

describe("without a server", () => {
  test.each([
    ["health"],
    ["dreams", "list"],
    ["dreams", "watch", "drm_1"],
    ["stores", "import", join(examples, "notes")],
    ["sessions", "list"],
    ["erase", "--session", "sesn_1"],
  ])("%s %s says how to start one", async (...args) => {
    await using folder = await freshFolder();
    // Port 1 is nobody's on a machine that runs tests.
    const result = await runCli(args, { cwd: folder.path, env: { REVERIED_PORT: "1" } });
    expect(result.stderr).toContain(
      "no server answers at http://127.0.0.1:1; start one with: reveried serve",
    );
    expect(result.code).toBe(3);
  });

  test("migrate makes the data folder ready, and says so once", async () => {
    await using folder = await freshFolder();
    const first = await runCli(["migrate", "--json"], { cwd: folder.path });
    expect(JSON.parse(first.stdout)).toMatchObject({ storage: "sqlite", from: 0, changed: true });
    const second = await runCli(["migrate"], { cwd: folder.path });
    expect(second.stdout).toMatch(/is up to date/);
    expect(second.code).toBe(0);
  });
});
