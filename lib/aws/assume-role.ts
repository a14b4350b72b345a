import { createHash } from "node:crypto";
import type { AssumeRoleCommandInput, AssumeRoleCommandOutput } from "@aws-sdk/client-sts";
import type { Clock } from "../clock.ts";
import { createLru } from "../lru.ts";
import type { AssumeRole, AwsSession } from "../service/credential/aws-sigv4.ts";
import { ServiceFailure } from "../service/outgoing.ts";
import type { VerifiedIdentity } from "../token/token-verifier.ts";
import { reasonOf } from "./ssm-call.ts";

/** The longest that one role may have of another (role chaining, AssumeRole `DurationSeconds`). */
const SESSION_SECONDS = 3600;

/** A session is left this long before its end: a call takes at most 30 s. */
const MARGIN_SECONDS = 60;

/** A session takes about 2 KB. */
const SESSIONS = 1000;

interface KeptSession {
  readonly session: AwsSession;
  /** Epoch seconds. */
  readonly freshUntil: number;
}

/**
 * Sessions by STS AssumeRole, one for each role, principal and pod, kept until shortly before they end. Region, endpoint and
 * the function's own credentials, which do nothing but ask, come from the SDK's settings.
 *
 * @param capacity - sessions kept at most; the least recently used goes first
 */
export function createAssumeRole(clock: Clock, capacity = SESSIONS): AssumeRole {
  const ask = createAsker();
  const sessions = createLru<string, KeptSession>(capacity);
  const asking = new Map<string, Promise<AwsSession>>();

  const open = async (key: string, roleArn: string, caller: VerifiedIdentity): Promise<AwsSession> => {
    const kept = readSession(await ask(assumeRoleInput(roleArn, caller)), roleArn);
    sessions.set(key, kept);
    return kept.session;
  };

  return (roleArn, caller) => {
    // A pod's uid is its own in its cluster, and a principal has a cluster in it; none of the three holds a space.
    const key = [caller.principal, caller.pod?.uid ?? "", roleArn].join(" ");
    const kept = sessions.get(key);
    if (kept !== undefined && clock.now() < kept.freshUntil) return Promise.resolve(kept.session);
    const running = asking.get(key);
    if (running !== undefined) return running;
    const opening = open(key, roleArn, caller).finally(() => asking.delete(key));
    asking.set(key, opening);
    return opening;
  };
}

/**
 * Who is calling, as CloudTrail and policies see it: the tags of EKS Pod Identity, transitive as they are there
 * (EKS user guide, "Grant Pods access to AWS resources based on tags"). `eks-cluster-arn` is left out: podgate knows the
 * operator's name of a cluster and no ARN. Kubernetes names and uids fit a tag's 256 characters and its alphabet.
 */
export function assumeRoleInput(roleArn: string, caller: VerifiedIdentity): AssumeRoleCommandInput {
  const tags = Object.entries({
    "eks-cluster-name": caller.cluster,
    "kubernetes-namespace": caller.namespace,
    "kubernetes-service-account": caller.serviceAccount,
    "kubernetes-pod-name": caller.pod?.name,
    "kubernetes-pod-uid": caller.pod?.uid,
  }).flatMap(([Key, Value]) => (Value === undefined ? [] : [{ Key, Value }]));
  return {
    RoleArn: roleArn,
    RoleSessionName: sessionName(caller.principal),
    DurationSeconds: SESSION_SECONDS,
    Tags: tags,
    TransitiveTagKeys: tags.map(({ Key }) => Key),
  };
}

/** 64 characters at most, and a principal can have 380 (AssumeRole `RoleSessionName`). */
function sessionName(principal: string): string {
  return `podgate-${createHash("sha256").update(principal).digest("hex").slice(0, 32)}`;
}

type Ask = (input: AssumeRoleCommandInput) => Promise<AssumeRoleCommandOutput>;

function createAsker(): Ask {
  let sdk: Promise<Ask> | undefined;
  return async (input) => {
    try {
      // Not before the first call that is signed: most functions never make one.
      sdk ??= import("./sdk-sts.ts").then(({ createSdkSts }) => createSdkSts());
      return await (await sdk)(input);
    } catch (error) {
      // Not its cause: an error of the SDK can hold the answer, and the answer holds the keys.
      throw failed(reasonOf(error), input.RoleArn);
    }
  };
}

function readSession({ Credentials: credentials }: AssumeRoleCommandOutput, roleArn: string): KeptSession {
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = credentials ?? {};
  const isWhole =
    AccessKeyId !== undefined &&
    SecretAccessKey !== undefined &&
    SessionToken !== undefined &&
    Expiration !== undefined;
  if (!isWhole) throw failed("an answer without credentials", roleArn);
  return {
    session: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
    freshUntil: Expiration.getTime() / 1000 - MARGIN_SECONDS,
  };
}

function failed(reason: string, roleArn: string | undefined): ServiceFailure {
  return new ServiceFailure(
    "CREDENTIAL_FAILED",
    `STS AssumeRole failed (${reason}) for ${roleArn}; check that the role trusts the function's for sts:AssumeRole and sts:TagSession`,
  );
}
