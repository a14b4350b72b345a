import { isJsonObject } from "../json.ts";
import type { ReadSecret } from "../service/credential/secret.ts";
import { ServiceFailure } from "../service/outgoing.ts";
import type { ParameterNames } from "./parameter-names.ts";
import { type CallSsm, reasonOf } from "./ssm-call.ts";

/**
 * `GetParameter` with decryption, for `secrets/<service>/<name>` and for no other name. By itself and not among documents:
 * a key that KMS refuses fails a whole `GetParameters` (R15). Rejects with `SECRET_UNAVAILABLE` within about a second.
 */
export function createSecretReader(names: ParameterNames, call: CallSsm): ReadSecret {
  return async (service, name) => {
    const parameter = names.secret(service, name);
    if (parameter === undefined) {
      throw new ServiceFailure("SECRET_UNAVAILABLE", `service ${service} names a secret that no parameter can be`);
    }
    let found: unknown;
    try {
      ({ Parameter: found } = await call("GetParameter", { Name: parameter, WithDecryption: true }));
    } catch (error) {
      // Not its cause: an error of the SDK can hold the answer, and the answer holds the secret.
      throw unavailable(parameter, reasonOf(error));
    }
    const text = isJsonObject(found) ? found["Value"] : undefined;
    if (typeof text !== "string") throw unavailable(parameter, "an answer without a value");
    return { parameter, text };
  };
}

function unavailable(parameter: string, reason: string): ServiceFailure {
  const hint =
    reason === "ParameterNotFound" ? "store it there" : "check the function's role, the key in KMS, throttling";
  return new ServiceFailure("SECRET_UNAVAILABLE", `SSM GetParameter failed (${reason}) for ${parameter}; ${hint}`);
}
