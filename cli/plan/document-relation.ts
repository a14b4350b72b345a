import type { StoredKeySet } from "../../lib/issuer/stored-key-set.ts";
import type { TrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import type { Receiver, RegisteredApi } from "../../lib/permission/receiver.ts";
import { receiverOfStage } from "../../lib/permission/receiver.ts";
import type { ExternalService } from "../../lib/service/external-service.ts";
import { combine, ofAlternatives, ofAmount, ofIdentity, ofPresence, type Relation } from "./relation.ts";
import { includesPattern } from "./wildcard-order.ts";

const isSame = (one: string, other: string) => one === other;

/** Whose tokens are accepted. Who the callers are (`cluster`, `group`) and whose keys vouch for them has no less and no more. */
export function relationOfIssuers(before: TrustedIssuer | undefined, after: TrustedIssuer | undefined): Relation {
  return ofPresence(inUse(before), inUse(after), (was, is) =>
    combine([
      ofIdentity(was.url, is.url),
      ofIdentity(was.cluster, is.cluster),
      ofIdentity(was.group, is.group),
      ofIdentity(was.keys, is.keys),
      ...(is.keys === "static" && was.keys === "static"
        ? []
        : [
            ofIdentity(was.discoveryURL, is.discoveryURL),
            ofIdentity(was.jwksURL, is.jwksURL),
            ofIdentity(was.certificateAuthority, is.certificateAuthority),
            ofIdentity(was.network, is.network),
          ]),
      ofAlternatives<string>(was.algorithms, is.algorithms, isSame),
      ofAmount(was.maxTokenLifetimeSeconds, is.maxTokenLifetimeSeconds),
      ofAmount(was.requireBoundPod ? 0 : 1, is.requireBoundPod ? 0 : 1),
      ofAmount(-(was.notBefore ?? 0), -(is.notBefore ?? 0)),
    ]),
  );
}

function inUse(issuer: TrustedIssuer | undefined): TrustedIssuer | undefined {
  return issuer?.disabled === true ? undefined : issuer;
}

/** Static keys: whose signature is accepted. */
export function relationOfKeySets(before: StoredKeySet | undefined, after: StoredKeySet | undefined): Relation {
  return ofPresence(before, after, (was, is) =>
    combine([ofIdentity(was.issuer, is.issuer), ofAlternatives(fingerprintsOf(was), fingerprintsOf(is), isSame)]),
  );
}

function fingerprintsOf({ keys }: StoredKeySet): string[] {
  return [...keys.values()].flatMap((key) => ("fingerprint" in key ? [`${key.keyId} ${key.fingerprint}`] : []));
}

/** For which service, by which audiences and for whom an API lets calls pass, at each of its stages. */
export function relationOfApis(before: RegisteredApi | undefined, after: RegisteredApi | undefined): Relation {
  return ofPresence(before, after, (was, is) => {
    const stages = new Set([...was.stages.keys(), ...is.stages.keys()]);
    return combine([
      ofIdentity(was.account, is.account),
      ofIdentity(was.region, is.region),
      relationOfReceivers(was.receiver, is.receiver),
      ...[...stages].map((stage) => relationOfReceivers(receiverOfStage(was, stage), receiverOfStage(is, stage))),
    ]);
  });
}

function relationOfReceivers(before: Receiver, after: Receiver): Relation {
  return combine([
    ofIdentity(before.service, after.service),
    ofAlternatives(before.audiences, after.audiences, isSame),
    relationOfPrincipals(before.principals, after.principals),
  ]);
}

/** Who may call a service, and what a call of it is: where it goes, and with which credential. */
export function relationOfServices(before: ExternalService | undefined, after: ExternalService | undefined): Relation {
  return ofPresence(before, after, (was, is) =>
    combine([
      ofIdentity(was.url, is.url),
      ofIdentity(JSON.stringify(was.credential), JSON.stringify(is.credential)),
      ofIdentity(was.identityHeader, is.identityHeader),
      relationOfPrincipals(was.principals, is.principals),
    ]),
  );
}

const EVERYBODY: readonly string[] = ["*/*/*"];

function relationOfPrincipals(before: readonly string[] | undefined, after: readonly string[] | undefined): Relation {
  return ofAlternatives(before ?? EVERYBODY, after ?? EVERYBODY, includesPrincipals);
}

/** `*` stands inside its part. */
function includesPrincipals(wide: string, narrow: string): boolean {
  const parts = narrow.split("/");
  return wide.split("/").every((part, index) => includesPattern(part, parts[index] ?? ""));
}
