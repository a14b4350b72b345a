import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  type AssumeRoleCommandOutput,
  STSClient,
} from "@aws-sdk/client-sts";
import { secondAttempt } from "./second-attempt.ts";
import { ONE_IDLE_CONNECTION } from "./ssm-call.ts";

/** A call has 5 s to start (R18); STS answers in some 100 ms. */
const TOTAL_MS = 2000;
const CONNECT_MS = 800;
const REQUEST_MS = 1000;

/** `AssumeRole` by the AWS SDK. Region, credentials and endpoint come from the SDK's own settings. */
export function createSdkSts(): (input: AssumeRoleCommandInput) => Promise<AssumeRoleCommandOutput> {
  const client = new STSClient({
    retryStrategy: secondAttempt,
    requestHandler: {
      connectionTimeout: CONNECT_MS,
      requestTimeout: REQUEST_MS,
      throwOnRequestTimeout: true,
      httpAgent: ONE_IDLE_CONNECTION,
      httpsAgent: ONE_IDLE_CONNECTION,
    },
  });
  return (input) => client.send(new AssumeRoleCommand(input), { abortSignal: AbortSignal.timeout(TOTAL_MS) });
}
