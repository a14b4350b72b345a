import { isRefusal } from "../../lib/errors.ts";
import type { IssuerRecord } from "../../lib/issuer/issuer-source.ts";
import type { UnfitKey, VerificationKey } from "../../lib/issuer/key-set.ts";
import type { Receiver } from "../../lib/permission/receiver.ts";
import { type BearerToken, readBearerToken } from "../../lib/token/bearer-token.ts";
import type { TokenClaims } from "../../lib/token/token-claims.ts";
import { readShape, type UnverifiedToken } from "../../lib/token/unverified-token.ts";
import type { Asked } from "../decide/caller.ts";
import type { Question } from "../decide/question.ts";

/** What the checks compared, as far as the chain came: read by the same functions, from the same documents. */
export interface Facts {
  readonly now: number;
  readonly clockSkewSeconds: number;
  readonly method: string;
  readonly path: string;
  readonly through: string;
  readonly bearer?: BearerToken;
  readonly token?: UnverifiedToken;
  readonly record?: IssuerRecord;
  readonly key?: VerificationKey | UnfitKey;
  readonly claims?: TokenClaims;
  readonly receiver?: Receiver;
}

/** Gathers them, up to the first that the token does not give. */
export async function gatherFacts({ decider, authorization }: Asked, question: Question): Promise<Facts> {
  const { issuers } = decider;
  const { method, path, through } = question;
  const receiver = await question.receiver(decider);
  const known = {
    now: decider.clock.now(),
    clockSkewSeconds: decider.config.clockSkewSeconds,
    method,
    path,
    through,
    ...(receiver !== undefined && { receiver }),
  };
  const bearer = readBearerToken(authorization);
  if (isRefusal(bearer)) return known;
  const token = readShape(bearer);
  if (isRefusal(token)) return { ...known, bearer };
  const url = issuers.readUrl(token.issuer);
  if (isRefusal(url)) return { ...known, bearer, token };
  const record = await issuers.find(url);
  if (isRefusal(record)) return { ...known, bearer, token };
  const key = await issuers.findKey(record, token.keyId);
  const claims = token.claims;
  return {
    ...known,
    bearer,
    token,
    record,
    ...(key !== undefined && { key }),
    ...(!isRefusal(claims) && { claims }),
  };
}
