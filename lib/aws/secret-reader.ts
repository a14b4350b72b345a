import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { ReadSecret } from "../service/credential/secret.ts";
import { ServiceFailure } from "../service/outgoing.ts";
import type { ParameterNames } from "./parameter-names.ts";
import { secondAttempt } from "./second-attempt.ts";

/** As for documents (R10): two attempts, one second in all. */
const TOTAL_MS = 1000;
const CONNECT_MS = 400;
const REQUEST_MS = 500;

/** A connection that was idle when Lambda froze may be dead; with one of them the second attempt is a new connection. */
const ONE_IDLE_CONNECTION = { maxFreeSockets: 1 };

/**
 * `GetParameter` with decryption, for `secrets/<service>/<name>` and for no other name. By itself and not among documents:
 * a key that KMS refuses fails a whole `GetParameters` (R15). Rejects with `SECRET_UNAVAILABLE` within about a second.
 */
export function createSecretReader(names: ParameterNames): ReadSecret {
  // Made at the first read: what it signs must not be older than the request it serves.
  let client: SSMClient | undefined;
  return async (service, name) => {
    const parameter = names.secret(service, name);
    if (parameter === undefined) {
      throw new ServiceFailure("SECRET_UNAVAILABLE", `service ${service} names a secret that no parameter can be`);
    }
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
    let text: string | undefined;
    try {
      const answer = await client.send(new GetParameterCommand({ Name: parameter, WithDecryption: true }), {
        abortSignal: AbortSignal.timeout(TOTAL_MS),
      });
      text = answer.Parameter?.Value;
    } catch (error) {
      // Not its cause: an error of the SDK can hold the answer, and the answer holds the secret.
      throw unavailable(parameter, errorName(error));
    }
    if (text === undefined) throw unavailable(parameter, "an answer without a value");
    return { parameter, text };
  };
}

function unavailable(parameter: string, reason: string): ServiceFailure {
  const hint =
    reason === "ParameterNotFound" ? "store it there" : "check the function's role, the key in KMS, throttling";
  return new ServiceFailure("SECRET_UNAVAILABLE", `SSM GetParameter failed (${reason}) for ${parameter}; ${hint}`);
}

/** The name of what an AWS client threw, as AWS names errors; anything else it may hold is not told. */
export function errorName(error: unknown): string {
  return error instanceof Error && /^[A-Za-z][A-Za-z0-9._-]{0,63}$/.test(error.name) ? error.name : "unknown error";
}
