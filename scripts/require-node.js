// Plain JavaScript: an older Node cannot even read the scripts that come after this one.
import { readFileSync } from "node:fs";

const { engines } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const wanted = Number(/\d+/.exec(engines.node)?.[0]);
const found = Number(process.versions.node.split(".")[0]);
if (found < wanted) {
  console.error(
    `Node ${wanted} or newer is needed, this is ${process.versions.node}. ` +
      `Run "npm ci", which installs one beside the other tools, and start scripts by "npm run".`,
  );
  process.exit(1);
}
