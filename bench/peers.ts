import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { Cluster, KeyType } from "./fixture.ts";
import { AUDIENCE } from "./fixture.ts";
import type { PlainAnswers } from "./plain.ts";

/** The peers have a package of their own, so that nobody installs them who does not measure. */
export function installPeers(): void {
  const folder = new URL("./", import.meta.url).pathname;
  if (existsSync(`${folder}node_modules/.package-lock.json`)) return;
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--silent", "--ignore-scripts", "--prefix", folder], {
    stdio: ["ignore", "inherit", "inherit"],
  });
}

export interface PeerVerifiers {
  readonly awsJwtVerify: (token: string) => unknown;
  readonly fastJwt: (token: string) => unknown;
  readonly fastJwtCached: (token: string) => unknown;
  readonly jose: (token: string) => Promise<unknown>;
  readonly jsonwebtoken: (token: string) => Promise<unknown>;
}

export interface PeerHandlers {
  readonly awsJwtVerify: (event: object) => Promise<unknown>;
  readonly jsonwebtoken: (event: object) => Promise<unknown>;
  readonly fastJwtCached: (event: object) => Promise<unknown>;
  readonly middyJose: (event: object) => Promise<unknown>;
}

/** @param jwks - @default the cluster's own key */
export async function peerVerifiers(
  cluster: Cluster,
  algorithm: KeyType,
  jwks: object = { keys: [cluster.signing.jwk] },
): Promise<PeerVerifiers> {
  const { verifiers } = await load("./peers/verifiers.mjs");
  const pem = cluster.publicKey.export({ type: "spki", format: "pem" });
  return verifiers({ issuer: cluster.issuer, audience: AUDIENCE, jwks, pem, algorithm });
}

export async function peerHandlers(verifiers: PeerVerifiers, answers: PlainAnswers): Promise<PeerHandlers> {
  const { handlers } = await load("./peers/handlers.mjs");
  return handlers(verifiers, answers);
}

/** By a name that is no literal: types and unused code are judged without what is installed for measuring. */
async function load(module: string) {
  return import(new URL(module, import.meta.url).href);
}
