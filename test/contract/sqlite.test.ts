import { openSqliteStorage } from "../../src/adapters/sqlite/storage.ts";
import { createSystemClock } from "../../src/adapters/system/clock.ts";
import { testDreamStore } from "./dream-store.ts";
import { testMemoryHistory } from "./memory-history.ts";
import { testMemoryStores } from "./memory-store.ts";
import { testOutbox } from "./outbox.ts";
import { testRestore } from "./restore.ts";
import { testSessionStore } from "./session-store.ts";
import { testSweep } from "./sweep.ts";

const make = () => openSqliteStorage({ clock: createSystemClock() }, { inMemory: true });

testDreamStore("sqlite", make, { skip: [] });
testOutbox("sqlite", make, { skip: [] });
testMemoryStores("sqlite", make, { skip: [] });
testMemoryHistory("sqlite", make, { skip: [] });
testSessionStore("sqlite", make, { skip: [] });
testSweep("sqlite", make, { skip: [] });
testRestore("sqlite", make, { skip: [] });
