import type { Invocation } from "./authorizer-answer.ts";
import type { GatewayClock } from "./clock.ts";

/** What Lambda hands to a Node.js function beside the event (AWS Lambda developer guide, "Context object in Node.js"). */
export interface LambdaContext {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly awsRequestId: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  callbackWaitsForEmptyEventLoop: boolean;
  getRemainingTimeInMillis(): number;
}

/** Seconds that the function may run: longer than API Gateway waits for it. */
const FUNCTION_TIMEOUT_SECONDS = 30;

/**
 * Runs a function as Lambda does: event and answer are JSON on the way, and an error is its message. Never rejects.
 */
export async function runFunction(
  handler: (event: object, context: LambdaContext) => unknown,
  event: object,
  where: {
    readonly partition: string;
    readonly region: string;
    readonly account: string;
    readonly clock: GatewayClock;
  },
): Promise<Invocation> {
  const { partition, region, account, clock } = where;
  const endsAt = clock.now() + FUNCTION_TIMEOUT_SECONDS;
  const context: LambdaContext = {
    functionName: "authorizer",
    functionVersion: "$LATEST",
    invokedFunctionArn: `arn:${partition}:lambda:${region}:${account}:function:authorizer`,
    memoryLimitInMB: "512",
    awsRequestId: "00000000-0000-4000-8000-000000000000",
    logGroupName: "/aws/lambda/authorizer",
    logStreamName: "offline",
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, Math.round((endsAt - clock.now()) * 1000)),
  };
  try {
    const value: unknown = await handler(structuredClone(event), context);
    return { outcome: "returned", value: JSON.parse(JSON.stringify(value) ?? "null") };
  } catch (error) {
    return { outcome: "failed", message: error instanceof Error ? error.message : String(error) };
  }
}
