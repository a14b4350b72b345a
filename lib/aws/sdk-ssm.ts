import {
  GetParameterCommand,
  type GetParameterCommandInput,
  GetParametersCommand,
  type GetParametersCommandInput,
  SSMClient,
} from "@aws-sdk/client-ssm";
import { secondAttempt } from "./second-attempt.ts";
import { ATTEMPT_MS, type CallSsm, ONE_IDLE_CONNECTION, TOTAL_MS } from "./ssm-call.ts";

/** A connection that is not there after this long will not be in time. */
const CONNECT_MS = 400;

/** `CallSsm` by the AWS SDK. Region, credentials and endpoint come from the SDK's own settings. */
export function createSdkSsm(): CallSsm {
  // Made at the first read: what it signs must not be older than the request it serves.
  let client: SSMClient | undefined;
  return async (operation, input) => {
    client ??= new SSMClient({
      retryStrategy: secondAttempt,
      requestHandler: {
        connectionTimeout: CONNECT_MS,
        requestTimeout: ATTEMPT_MS,
        throwOnRequestTimeout: true,
        httpAgent: ONE_IDLE_CONNECTION,
        httpsAgent: ONE_IDLE_CONNECTION,
      },
    });
    const options = { abortSignal: AbortSignal.timeout(TOTAL_MS) };
    const output: object =
      operation === "GetParameters"
        ? await client.send(new GetParametersCommand(input as unknown as GetParametersCommandInput), options)
        : await client.send(new GetParameterCommand(input as unknown as GetParameterCommandInput), options);
    return { ...output };
  };
}
