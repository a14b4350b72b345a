#!/usr/bin/env node
import { EXIT } from "./exit-code.ts";
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
  let isLost = false;
  process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
    // Whoever reads may have seen enough (`| head`): that is no failure, and must not end an apply between two writes.
    if (code === "EPIPE" || isLost) return;
    isLost = true;
    process.exitCode = EXIT.UNDECIDED;
    process.stderr.write(`podgate: standard output cannot be written (${code}); what was to be told is lost\n`);
  });
  process.stderr.on("error", () => undefined);
  const exitCode = await main(process.argv.slice(2), process);
  if (!isLost) process.exitCode = exitCode;
}
