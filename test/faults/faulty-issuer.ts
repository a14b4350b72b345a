import type { RequestListener } from "node:http";
import { issuerName } from "../../offline/parameter-store/issuer-name.ts";
import type { CallResult } from "../support/built-function.ts";
import { type FaultyServer, startHttpServer, startHttpsServer, tlsFixture } from "../support/faulty-server.ts";
import type { World } from "../support/world.ts";

/** Where the keys of an issuer are said to be, and what is there. */
export interface KeyEnd extends AsyncDisposable {
  /** Members of the issuer document that lead there. */
  readonly members: Readonly<Record<string, string>>;
  /** TCP connections made to it. */
  readonly connections: number;
}

/** What is wrong with the way to an issuer. */
export const WAYS = ["the name is not found", "nobody listens", "the certificate has expired", "another root"] as const;
export type Way = (typeof WAYS)[number];

/** An end to which no way leads. The first of `WAYS` needs a resolver that finds nothing. */
export async function startUnreachable(way: Way): Promise<KeyEnd> {
  if (way === "the name is not found") return endAt(undefined, "https://keys.example/keys");
  if (way === "nobody listens") {
    const server = await startHttpServer(() => {});
    await server[Symbol.asyncDispose]();
    return endAt(undefined, `https://localhost:${server.port}/keys`);
  }
  const expired = way === "the certificate has expired";
  const server = await startHttpsServer((_request, response) => response.end("{}"), {
    certificate: expired ? "server-expired.pem" : "server.pem",
  });
  return endAt(server, `https://localhost:${server.port}/keys`, tlsFixture(expired ? "root.pem" : "other-root.pem"));
}

/** An end over plain http that answers as it is told. */
export async function startKeyEnd(answer: RequestListener): Promise<KeyEnd> {
  const server = await startHttpServer(answer);
  return endAt(server, `http://127.0.0.1:${server.port}/keys`);
}

function endAt(server: FaultyServer | undefined, jwksURL: string, certificateAuthority?: string): KeyEnd {
  return {
    members: { jwksURL, ...(certificateAuthority !== undefined && { certificateAuthority }) },
    get connections() {
      return server?.connections ?? 0;
    },
    [Symbol.asyncDispose]: async () => server?.[Symbol.asyncDispose](),
  };
}

/** Stores a snapshot of a cluster's keys. @param fetchedAt - epoch seconds */
export function putSnapshot(world: World, cluster: string, fetchedAt: number): void {
  const { issuer, keys } = world.cluster(cluster);
  world.put(`keys/${issuerName(issuer)}`, { issuer, fetchedAt, source: "discovered", keys });
}

/** How often a call's lines count a metric. */
export function countedIn({ lines }: CallResult, metric: string): number {
  return lines.reduce((sum, line) => sum + Number((JSON.parse(line) as Record<string, unknown>)[metric] ?? 0), 0);
}
