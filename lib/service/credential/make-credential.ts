import type { Clock } from "../../clock.ts";
import { createLru } from "../../lru.ts";
import type { CredentialDocument } from "../credential-document.ts";
import type { CallLimits, CallService } from "../outgoing.ts";
import { type AssumeRole, awsSigV4Credential } from "./aws-sigv4.ts";
import { basicCredential } from "./basic.ts";
import type { Credential } from "./credential.ts";
import { findHeaderFault, headerCredential } from "./header.ts";
import { noCredential } from "./none.ts";
import { oauth2Credential } from "./oauth2-client-credentials.ts";
import { type FindFault, type ReadSecret, storedSecret } from "./secret.ts";

/** What of a service its credential is made from. */
export interface CredentialOwner {
  /** Name of the service: its secrets lie in a folder of this name. */
  readonly service: string;
  readonly network: CallLimits["network"];
  readonly credential: CredentialDocument;
}

export interface CredentialDeps {
  readonly readSecret: ReadSecret;
  readonly assumeRole: AssumeRole;
  /** For token endpoints. */
  readonly call: CallService;
  readonly clock: Clock;
}

/** The same object for the same owner, so that secrets and tokens outlive a document that was read again unchanged. */
export type MakeCredential = (owner: CredentialOwner) => Credential;

/** Services whose credentials are kept; each has a secret or a token of a few KB at most. */
const CREDENTIALS = 256;

/** Credentials with the secrets and tokens of one environment. Nothing is read or loaded before a call needs it. */
export function createCredentialMaker(deps: CredentialDeps): MakeCredential {
  const made = createLru<string, { readonly from: string; readonly credential: Credential }>(CREDENTIALS);
  return (owner) => {
    const from = JSON.stringify([owner.network, owner.credential]);
    const known = made.get(owner.service);
    if (known?.from === from) return known.credential;
    // In the place of the one before, whose secret nobody may use any more.
    const credential = makeCredential(owner, deps);
    made.set(owner.service, { from, credential });
    return credential;
  };
}

function makeCredential({ service, network, credential }: CredentialOwner, deps: CredentialDeps): Credential {
  const { readSecret, assumeRole, call, clock } = deps;
  const secretNamed = (name: string, findFault?: FindFault) =>
    storedSecret({ service, name, findFault }, readSecret, clock);
  switch (credential.type) {
    case "none":
      return noCredential();
    case "header":
      return headerCredential(credential, secretNamed(credential.secret, findHeaderFault));
    case "basic":
      return basicCredential(credential, secretNamed(credential.secret));
    case "oauth2-client-credentials":
      return oauth2Credential(credential, { secret: secretNamed(credential.secret), call, network, clock });
    case "aws-sigv4":
      return awsSigV4Credential(credential, { assumeRole, clock });
  }
}
