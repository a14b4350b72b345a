// One cold start: loads a function and calls it once, as Lambda does, then says how long each took and ends.
import { writeSync } from "node:fs";

const [, , module, event] = process.argv;
const before = performance.now();
const { handler } = await import(module);
const loaded = performance.now();
const answer = await handler(JSON.parse(event), {
  functionName: "bench",
  invokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:bench",
  getRemainingTimeInMillis: () => 10_000,
});
const decided = performance.now();
const { user, system } = process.cpuUsage();
const figures = {
  loadMs: loaded - before,
  callMs: decided - loaded,
  cpuMs: (user + system) / 1000,
  rssMb: process.memoryUsage.rss() / 1e6,
  allowed: answer?.policyDocument?.Statement?.[0]?.Effect === "Allow",
};
writeSync(1, `\n@decided ${JSON.stringify(figures)}\n`);
process.exit(0);
