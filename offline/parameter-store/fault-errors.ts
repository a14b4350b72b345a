import type { FaultKind } from "./faults.ts";
import { ACCOUNT, arnOf, REGION } from "./parameter-name.ts";
import { SsmError } from "./ssm-error.ts";

/** The call that a fault strikes. */
interface StruckCall {
  readonly operation: string;
  readonly names: readonly string[];
  /** Epoch seconds of the store's clock. */
  readonly now: number;
}

/** The error which AWS would answer, or undefined where the fault is none of the service's answers. */
export function faultError(kind: FaultKind, { operation, names, now }: StruckCall): SsmError | undefined {
  switch (kind) {
    case "throttle":
    case "rate-limit":
      return new SsmError("ThrottlingException", "Rate exceeded");
    case "internal-error":
      return new SsmError("InternalServerError", "An internal server error occurred.", 500);
    case "access-denied": {
      const user = `arn:aws:sts::${ACCOUNT}:assumed-role/offline/offline`;
      const action = `ssm:${operation}`;
      return new SsmError(
        "AccessDeniedException",
        `User: ${user} is not authorized to perform: ${action} on resource: ${arnOf(names[0] ?? "*")} because no identity-based policy allows the ${action} action`,
      );
    }
    case "expired-credentials":
      return new SsmError("ExpiredTokenException", "The security token included in the request is expired");
    case "unrecognized-client":
      return new SsmError("UnrecognizedClientException", "The security token included in the request is invalid.");
    case "wrong-clock":
      // The caller is an hour late; AWS accepts five minutes.
      return new SsmError(
        "InvalidSignatureException",
        `Signature expired: ${signingTime(now - 3600)} is now earlier than ${signingTime(now - 300)} (${signingTime(now)} - 5 min.)`,
      );
    default:
      return undefined;
  }
}

/** What SSM passes on from KMS for a key that is gone or disabled. */
export function invalidKeyError(): SsmError {
  return new SsmError(
    "InvalidKeyId",
    `arn:aws:kms:${REGION}:${ACCOUNT}:key/00000000-0000-0000-0000-000000000000 is disabled. (Service: AWSKMS; Status Code: 400; Error Code: DisabledException)`,
  );
}

/** As in `x-amz-date`: 20260102T030405Z. */
function signingTime(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().replace(/[-:]|\.\d+/g, "");
}
