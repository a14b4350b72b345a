#!/usr/bin/env node
import { main } from "./main.ts";
import { supplyOlderNode } from "./older-node.ts";

/** What the AWS SDK runs on, and `process.getBuiltinModule`, `hash`, which the functions' own code needs. */
const OLDEST_NODE = [20, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
  process.stderr.write(`podgate: this is Node ${process.versions.node}; use ${OLDEST_NODE.join(".")} or later\n`);
  process.exitCode = 2;
} else {
  supplyOlderNode(process);
  process.exitCode = await main(process.argv.slice(2), process);
}
