/** What `docs/events.md` shows is run as printed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { eventMessage } from "../../../test/support/event-messages.ts";
import { startNats } from "../../../test/support/services.ts";
import { describeWith } from "../../../test/support/with-services.ts";
import { createSystemClock } from "../system/clock.ts";
import { createSilentLog } from "../system/log.ts";
import { openJetStreamBus } from "./event-bus.ts";

const root = new URL("../../../", import.meta.url);

await describeWith(["nats"], "docs/events.md", () => {
  test("has a consumer that prints each completed dream once", async () => {
    const page = await readFile(new URL("docs/events.md", root), "utf8");
    const sample = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? "";
    const server = await startNats();
    const bus = await openJetStreamBus(
      { clock: createSystemClock(), log: createSilentLog() },
      { url: server.url },
    );
    const reader = spawn(process.execPath, ["--input-type=module", "--eval", sample], {
      cwd: fileURLToPath(root),
      env: { NATS_URL: server.url },
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const printed = lines(reader.stdout, 2);
      for (const dreamId of ["drm_1", "drm_2"]) {
        await bus.publish(eventMessage(dreamId, 1));
        await bus.publish(eventMessage(dreamId, 2));
        const event = {
          kind: "completed",
          to: "completed",
          outputStoreId: `memstore_of_${dreamId}`,
        } as const;
        await bus.publish(eventMessage(dreamId, 3, { event }));
      }
      expect(await printed).toEqual([
        "2026-01-01T00:00:00.126Z drm_1 memstore_of_drm_1",
        "2026-01-01T00:00:00.126Z drm_2 memstore_of_drm_2",
      ]);
    } finally {
      reader.kill("SIGKILL");
      await bus.close();
      await server.stop();
    }
  });
});

async function lines(output: NodeJS.ReadableStream, count: number): Promise<string[]> {
  let text = "";
  while (text.split("\n").length <= count) {
    const [chunk] = await once(output, "data");
    text += String(chunk);
  }
  return text.trimEnd().split("\n");
}
