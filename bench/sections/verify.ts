import { verify } from "node:crypto";
import { AUDIENCE, type KeyType, MemoryStore, makeCluster, mintMany, startVerifier } from "../fixture.ts";
import { async, type Effort, measure, sync, turn } from "../measure.ts";
import { peerVerifiers } from "../peers.ts";
import { toDer, verifyPlainly } from "../plain.ts";
import { contenderTable, type Goal, goalAtMost, type Section } from "../report.ts";

const GOALS: Readonly<Record<KeyType, number>> = { RS256: 1.35, ES256: 1.25 };

/** A verified token with its claims read and checked; the key is in memory, the token a new one each time. */
export async function verifySection(effort: Effort): Promise<Section> {
  const parts: string[] = [];
  const goals: Goal[] = [];
  for (const type of ["RS256", "ES256"] as const) {
    const { table, goal, bytes } = await verifyTable(type, effort);
    parts.push(`### ${type}, token of ${bytes} bytes\n\n${table}`);
    goals.push(goal);
  }
  return { markdown: parts.join("\n\n"), goals };
}

async function verifyTable(type: KeyType, effort: Effort) {
  const cluster = makeCluster("prod", type);
  const tokens = mintMany(cluster, effort.tokens);
  const tokenAt = (index: number) => turn(tokens, index);
  const bare = tokens.map((token) => signedParts(token, type));

  const store = new MemoryStore();
  store.register(cluster);
  const verifier = startVerifier(store);
  const audiences = [AUDIENCE];
  const findAudiences = () => audiences;
  // As an event brings it: the header is one text, scheme and token.
  const fields = tokens.map((token) => [`Bearer ${token}`]);
  const verifyAt = async (index: number) => (await verifier.verify(turn(fields, index), findAudiences)).outcome;
  const keys = new Map([[cluster.issuer, new Map([[cluster.keyId, cluster.publicKey]])]]);
  const peers = await peerVerifiers(cluster, type);

  const outcome = await verifyAt(0);
  if (!("principal" in outcome) || verifyPlainly(tokenAt(0), keys) === undefined) throw new Error("a good token fails");

  const measured = await measure(
    [
      sync("bare verify", (index) => {
        const { input, signature } = turn(bare, index);
        return verify("sha256", input, cluster.publicKey, signature);
      }),
      sync("plain: parse, verify, claims", (index) => verifyPlainly(tokenAt(index), keys)),
      async("podgate, new token", verifyAt),
      async("podgate, repeated token", () => verifyAt(0)),
      sync("aws-jwt-verify", (index) => peers.awsJwtVerify(tokenAt(index))),
      sync("fast-jwt, one fixed key", (index) => peers.fastJwt(tokenAt(index))),
      sync("fast-jwt, repeated token", () => peers.fastJwtCached(tokenAt(0))),
      async("jsonwebtoken + jwks-rsa", (index) => peers.jsonwebtoken(tokenAt(index))),
      async("jose", (index) => peers.jose(tokenAt(index))),
    ],
    effort,
  );
  const ours = measured.find(({ name }) => name === "podgate, new token");
  const what = `new token, ${type}, over bare verify`;
  return {
    bytes: tokenAt(0).length,
    table: contenderTable(measured),
    goal: goalAtMost(what, GOALS[type], ours?.ratio ?? Number.NaN),
  };
}

/** What remains when everything but the signature is done beforehand. */
export function signedParts(token: string, type: KeyType): { readonly input: Buffer; readonly signature: Buffer } {
  const end = token.lastIndexOf(".");
  const signature = Buffer.from(token.slice(end + 1), "base64url");
  return { input: Buffer.from(token.slice(0, end)), signature: type === "ES256" ? toDer(signature) : signature };
}
