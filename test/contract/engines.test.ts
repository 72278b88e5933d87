import { createInlineOfflineEngine, createOfflineEngine } from "../../src/adapters/offline-engine/engine.ts";
import { createSystemClock } from "../../src/adapters/system/clock.ts";
import { testEngine } from "./engine.ts";

const clock = createSystemClock();

testEngine("offline, on the calling thread", () => createInlineOfflineEngine({ clock }));
testEngine("offline, on threads", () => createOfflineEngine({ clock }, { threads: 2 }));
testEngine("offline, on one thread", () => createOfflineEngine({ clock }, { threads: 1 }));
