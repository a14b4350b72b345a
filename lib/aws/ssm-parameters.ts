import { GetParametersCommand, type GetParametersResult, type Parameter, SSMClient } from "@aws-sdk/client-ssm";
import type { StoredDocument } from "../document.ts";
import { GatewayError } from "../errors.ts";
import type { ReadParameters } from "./parameter-reader.ts";
import { secondAttempt } from "./second-attempt.ts";

/** Two attempts have this much time in all (R10): a stale document, or an honest 5xx, beats a caller that waits. */
const TOTAL_MS = 1000;

/** A connection that is not there after this long will not be in time. */
const CONNECT_MS = 400;
/** Leaves time for the second attempt. */
const REQUEST_MS = 500;

/**
 * A connection that was idle when Lambda froze the environment may be dead when it thaws. With no second one to take, the
 * second attempt is a new connection. Reads at once have one each: a silent one holds up no other.
 */
const ONE_IDLE_CONNECTION = { maxFreeSockets: 1 };

/** `GetParameters` by the AWS SDK. Region, credentials and endpoint come from the SDK's own settings. */
export function createSsmReader(): ReadParameters {
  // Made at the first read: what it signs must not be older than the request it serves.
  let client: SSMClient | undefined;
  return async (names) => {
    client ??= new SSMClient({
      retryStrategy: secondAttempt,
      requestHandler: {
        connectionTimeout: CONNECT_MS,
        requestTimeout: REQUEST_MS,
        throwOnRequestTimeout: true,
        httpAgent: ONE_IDLE_CONNECTION,
        httpsAgent: ONE_IDLE_CONNECTION,
      },
    });
    let answer: GetParametersResult;
    try {
      answer = await client.send(new GetParametersCommand({ Names: [...names] }), {
        abortSignal: AbortSignal.timeout(TOTAL_MS),
      });
    } catch (error) {
      throw unavailable(error instanceof Error ? error.name : "unknown error", names, error);
    }
    return readAnswer(answer, names);
  };
}

/** Only what the answer calls invalid does not exist: a deny that is merely not mentioned must not vanish. */
function readAnswer(
  { Parameters: parameters = [], InvalidParameters: absent = [] }: GetParametersResult,
  names: readonly string[],
) {
  const found = new Map(parameters.map((parameter) => readParameter(parameter, names)));
  if (names.some((name) => !found.has(name) && !absent.includes(name))) {
    throw unavailable("an answer that leaves out a name", names);
  }
  return found;
}

function readParameter(parameter: Parameter, names: readonly string[]): [string, StoredDocument] {
  const { Name: name, Value: text, Version: version, LastModifiedDate: modified } = parameter;
  if (name === undefined || text === undefined || version === undefined || modified === undefined) {
    throw unavailable("an answer without name, value, version or date", names);
  }
  return [name, { name, text, version, revision: `${version}@${modified.getTime()}` }];
}

/** AWS sends some errors without a message, so the error's name is what is told. */
function unavailable(reason: string, names: readonly string[], cause?: unknown): GatewayError {
  const [first, ...others] = names;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  return new GatewayError(
    "PARAMETERS_UNAVAILABLE",
    `SSM GetParameters failed (${reason}) for ${first}${more}; check the function's role, its way to SSM, and throttling`,
    { cause },
  );
}
