import { expect, test } from "vitest";
import { setup } from "../../../test/support/bundle.ts";
import type { RunningDream } from "../../core/dream.ts";
import { applyMove } from "../../core/dream-transitions.ts";
import { beginDream } from "./begin-dream.ts";

test.each([false, true])(
  "the output is a copy of what was frozen, also when an attempt died in begin: %s",
  async (dies) => {
    await using world = await setup();
    const created = await world.dream();
    const claim = async (): Promise<RunningDream> => {
      const ids = { outputStoreId: "memstore_out", sessionId: "sesn_pipe" };
      const [claimed] = await world.deps.dreams.claim({
        now: world.clock.now(),
        workerId: "w",
        limit: 1,
        accepts: () => true,
        makeIds: () => ids,
      });
      if (claimed === undefined) throw new Error("nothing to claim");
      return claimed;
    };
    const first = await claim();
    if (dies) {
      // After the output store was made and before that was shown.
      const save = () => Promise.reject(new Error("died"));
      await expect(
        beginDream({ ...world.deps, dreams: { ...world.deps.dreams, save } }, first),
      ).rejects.toThrow("died");
    }
    const read = await world.get(created.id);
    const release = {
      name: "release",
      now: world.clock.now(),
      reason: "lost",
      lost: "shared",
      notBefore: 0,
    } as const;
    await world.deps.dreams.save({ read, next: applyMove(read, release), guardBeat: false });
    await world.useCases.putMemories(world.principal, {
      memoryStoreId: created.inputs.memoryStoreId,
      memories: [{ path: "/old.md", content: "newer" }],
    });
    const begun = await beginDream(world.deps, await claim());
    const output = await world.deps.memories.get({ tenant: "acme", id: "memstore_out" });
    expect(begun?.frozen).not.toBeNull();
    expect(output?.head).toBe(begun?.frozen?.head);
  },
);
