import { text } from "node:stream/consumers";

/** A process that calls a function once: the module is its argument, `{ event, context }` come in JSON by stdin. */
const { event, context } = JSON.parse(await text(process.stdin));
const { handler } = await import(process.argv[2] ?? "");
const deadline = Date.now() + 10_000;
try {
  await handler(event, { ...context, getRemainingTimeInMillis: () => deadline - Date.now() });
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
}
