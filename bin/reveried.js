#!/usr/bin/env node
// Plain JavaScript: an older Node cannot even read what comes after it.
import { existsSync } from "node:fs";

const wanted = 24;
if (Number(process.versions.node.split(".")[0]) < wanted) {
  console.error(`reveried: Node ${wanted} or newer is needed, this is ${process.versions.node}`);
  process.exit(1);
}
// The published package holds the built program; a clone runs its sources.
const built = new URL("../dist/src/main.js", import.meta.url);
await import(existsSync(built) ? built.href : new URL("../src/main.ts", import.meta.url).href);
