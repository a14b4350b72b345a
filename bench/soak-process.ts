import type { Context } from "aws-lambda";
import { ACCOUNT, REGION } from "../test/support/built-function.ts";

/** What the soak asks of the process that runs the function. */
export type SoakRequest =
  | { readonly kind: "decide"; readonly events: readonly object[]; readonly count: number; readonly now: number }
  | { readonly kind: "state" };

export type SoakReply =
  | { readonly kind: "decided"; readonly verdicts: Readonly<Record<string, number>> }
  | { readonly kind: "state"; readonly rssBytes: number; readonly heapBytes: number; readonly open: readonly string[] };

interface SteppedFunction {
  readonly handler: (
    event: object,
    context: Context,
  ) => Promise<{ policyDocument: { Statement: { Effect: string }[] } }>;
  readonly setTime: (epochSeconds: number) => void;
}

const { handler, setTime }: SteppedFunction = await import(process.argv[2] ?? "");
const context = {
  functionName: "podgate-soak",
  invokedFunctionArn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:podgate-soak`,
  getRemainingTimeInMillis: () => 10_000,
} as Context;

process.on("message", (request: SoakRequest) => {
  void answer(request).then((reply) => process.send?.(reply));
});

async function answer(request: SoakRequest): Promise<SoakReply> {
  if (request.kind === "state") {
    // Two rounds, because what the first one finalises is free after the second.
    for (let round = 0; round < 2; round++) {
      global.gc?.();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { rss, heapUsed } = process.memoryUsage();
    const open = process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout/.test(name));
    return { kind: "state", rssBytes: rss, heapBytes: heapUsed, open };
  }
  const { events, count, now } = request;
  setTime(now);
  const verdicts: Record<string, number> = {};
  for (let index = 0; index < count; index++) {
    const verdict = await verdictOf(events[index % events.length] ?? {});
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  }
  return { kind: "decided", verdicts };
}

async function verdictOf(event: object): Promise<string> {
  try {
    const { policyDocument } = await handler(event, context);
    return policyDocument.Statement.some(({ Effect }) => Effect === "Deny") ? "denied" : "allowed";
  } catch (error) {
    return error instanceof Error ? error.message : "no error";
  }
}
