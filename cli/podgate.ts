#!/usr/bin/env node
import { main } from "./main.ts";

/** `Promise.withResolvers`, `URL.parse`, `hash`: what the functions' own code needs, which runs on Node 24 in Lambda. */
const OLDEST_NODE = [22, 13] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  process.stderr.write(`podgate: this is Node ${process.versions.node}; use ${OLDEST_NODE.join(".")} or later\n`);
  process.exitCode = 2;
} else {
  process.exitCode = await main(process.argv.slice(2), process);
}
