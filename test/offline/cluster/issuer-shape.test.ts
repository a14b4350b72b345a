import { createHash, createPublicKey } from "node:crypto";
import { describe, expect, test } from "vitest";
import { systemClock } from "../../../lib/clock.ts";
import { fetchKeySet } from "../../../lib/issuer/key-fetch.ts";
import { createFetchJson } from "../../../lib/net/fetch-json.ts";
import { ISSUER_SHAPES } from "../../../offline/cluster/issuer-shape.ts";
import { type StartedCluster, startCluster } from "../../../offline/cluster/start-cluster.ts";
import { mintToken } from "../../../offline/library/mint-token.ts";
import { issuerWith, storedWith } from "../../issuer/support.ts";
import { AUDIENCE, startStack } from "../../token/verifier-stack.ts";
import { bodyOf, parts } from "./support.ts";

const ACCOUNT = { namespace: "payments", serviceAccount: "billing", audiences: [AUDIENCE] };
const UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";

const SHAPES = [
  {
    shape: undefined,
    issuer: /^http:\/\/127\.0\.0\.1:\d+\/dev$/,
    jwksUri: (issuer: string) => `${issuer}/openid/v1/jwks`,
    served: "/openid/v1/jwks",
    kid: /^[\w-]{43}$/,
  },
  {
    shape: "eks",
    issuer: /^https:\/\/oidc\.eks\.us-east-1\.amazonaws\.com\/id\/[0-9A-F]{32}$/,
    jwksUri: (issuer: string) => `${issuer}/keys`,
    served: "/keys",
    kid: /^[0-9a-f]{40}$/,
  },
  {
    shape: "gke",
    issuer: /^https:\/\/container\.googleapis\.com\/v1\/projects\/[a-z-]+\/locations\/[a-z0-9-]+\/clusters\/dev$/,
    jwksUri: (issuer: string) => `${issuer}/jwks`,
    served: "/jwks",
    kid: /^[\w-]{43}$/,
  },
  {
    shape: "aks",
    issuer: new RegExp(`^https://[a-z]+\\.oic\\.prod-aks\\.azure\\.com/${UUID}/${UUID}/$`),
    jwksUri: (issuer: string) => `${issuer}openid/v1/jwks`,
    served: "/openid/v1/jwks",
    kid: /^[\w-]{43}$/,
  },
  {
    shape: "kind",
    issuer: /^https:\/\/kubernetes\.default\.svc\.cluster\.local$/,
    jwksUri: () => "https://172.18.0.2:6443/openid/v1/jwks",
    served: "/openid/v1/jwks",
    kid: /^[\w-]{43}$/,
  },
  {
    shape: "private",
    issuer: /^https:\/\/127\.0\.0\.1:\d+\/dev$/,
    jwksUri: undefined,
    served: "/openid/v1/jwks",
    kid: /^[\w-]{43}$/,
  },
] as const;

/** By default of an EC key, which is made at once. */
async function start(shape: (typeof SHAPES)[number]["shape"]): Promise<StartedCluster> {
  return await startCluster({ algorithm: "ES256", ...(shape === undefined ? {} : { shape }) });
}

describe("the issuer of a cluster with a shape", () => {
  test.for(SHAPES)("$shape: token, discovery, key set and kid say the same", async (row) => {
    await using cluster = await start(row.shape);
    const { header, claims } = parts((await cluster.mint(ACCOUNT)).token);
    const discovery = await bodyOf(await fetch(`${cluster.controlUrl}/.well-known/openid-configuration`));
    const { keys } = await bodyOf(await fetch(`${cluster.controlUrl}${row.served}`));

    expect(cluster.url).toMatch(row.issuer);
    expect(claims.iss).toBe(cluster.url);
    expect(Object.entries(discovery)).toEqual([
      ["issuer", cluster.url],
      ["jwks_uri", row.jwksUri?.(cluster.url) ?? cluster.issuerDocument["jwksURL"]],
      ["response_types_supported", ["id_token"]],
      ["subject_types_supported", ["public"]],
      ["id_token_signing_alg_values_supported", ["ES256"]],
    ]);
    expect(header).toEqual({ alg: "ES256", kid: keys[0]?.kid });
    expect(header.kid).toMatch(row.kid);
    expect(await bodyOf(await fetch(`${cluster.controlUrl}/openid/v1/jwks`))).toEqual({ keys });
  });

  test("the table above has every shape", () => {
    expect(SHAPES.map(({ shape }) => shape)).toEqual([undefined, ...ISSUER_SHAPES]);
  });

  test("is the same for the same name, and another for another", async () => {
    for (const shape of ["eks", "gke", "aks"] as const) {
      await using one = await start(shape);
      await using again = await start(shape);
      await using other = await startCluster({ algorithm: "ES256", shape, name: "other" });
      expect(again.url).toBe(one.url);
      expect(other.url).not.toBe(one.url);
    }
  });

  test("an EKS cluster's next key is named in its form, the SPKI's hash elsewhere", async () => {
    await using eks = await start("eks");
    await using gke = await start("gke");
    const { signing } = await eks.rotate();
    await gke.rotate();
    const [key = expect.fail("no key")] = gke.keys;
    const spki = createPublicKey({ key: { ...key }, format: "jwk" }).export({ type: "spki", format: "der" });

    expect(signing).toMatch(/^[0-9a-f]{40}$/);
    expect(key.kid).toBe(createHash("sha256").update(spki).digest("base64url"));
  });

  test("mintToken finds the cluster, whatever its issuer is", async () => {
    for (const { shape } of SHAPES) {
      await using cluster = await start(shape);
      expect(parts(await mintToken(cluster)).claims.iss).toBe(cluster.url);
    }
  });

  test("extended tokens of EKS end after 90 days, of the others after a year", async () => {
    for (const { shape } of SHAPES) {
      await using cluster = await start(shape);
      const { exp = 0, iat = 0 } = parts(await mintToken(cluster, { family: "extended" })).claims;
      expect((exp - iat) / 86_400, shape).toBe(shape === "eks" ? 90 : 365);
    }
  });

  test("a shape that is none is refused", async () => {
    const shape = "minikube" as "kind";
    await expect(startCluster({ shape })).rejects.toThrow(
      "startCluster: shape: is not one of eks, gke, aks, kind, private",
    );
  });
});

describe("podgate and a cluster with a shape", () => {
  /** What the verifier says of a token, where podgate knows the issuer by this document. */
  async function outcomeOf(
    cluster: StartedCluster,
    change: (document: Record<string, unknown>) => Record<string, unknown> = (document) => document,
    stored: "static" | undefined = undefined,
  ): Promise<string> {
    await using stack = await startStack();
    cluster.setClock({ time: stack.clock.now() });
    const issuer = issuerWith(change({ ...cluster.issuerDocument }));
    const keySet = { issuer: cluster.url, fetchedAt: stack.clock.now(), source: "static" };
    stack.stored.set(issuer.url, {
      issuer,
      ...(stored === undefined ? {} : { keySet: storedWith([...cluster.keys], keySet) }),
    });
    const { token } = await cluster.mint(ACCOUNT);
    return await stack.outcome(token);
  }

  test.for(SHAPES)("$shape: verifies by the document that the cluster gives", async ({ shape }) => {
    await using cluster = await start(shape);
    expect(await outcomeOf(cluster)).toBe("verified");
  });

  test.for(SHAPES)("$shape: verifies by static keys, and nothing is asked", async ({ shape }) => {
    await using cluster = await start(shape);
    const document = ({ url, cluster: name }: Record<string, unknown>) => ({ url, cluster: name, keys: "static" });
    expect(await outcomeOf(cluster, document, "static")).toBe("verified");
    expect(cluster.calls).toEqual({ discovery: 0, keys: 0, tokenRequests: 0 });
  });

  test("aks: the slash at the end belongs to the issuer", async () => {
    await using cluster = await start("aks");
    const without = (document: Record<string, unknown>) => ({ ...document, url: cluster.url.replace(/\/$/, "") });
    expect(await outcomeOf(cluster, without)).toBe("ISSUER_UNKNOWN");
  });

  test.for([
    {
      why: "its key set is on another host, which only the document may say",
      without: ["jwksURL"],
      code: "DISCOVERY_INVALID",
    },
    { why: "nobody knows its certificate authority", without: ["certificateAuthority"], code: "ISSUER_UNREACHABLE" },
  ])("private: no keys where $why", async ({ without, code }) => {
    await using cluster = await start("private");
    const document = Object.entries(cluster.issuerDocument).filter(([member]) => !without.includes(member));
    const fetchJson = createFetchJson({ allowLoopbackHttp: true, connectSeconds: 10, totalSeconds: 10 });

    const fetched = fetchKeySet(issuerWith(Object.fromEntries(document)), fetchJson, systemClock);
    await expect(fetched).rejects.toMatchObject({ code });
  });

  test("the discovery document may be at another address than the issuer's", async () => {
    await using cluster = await start(undefined);
    const discoveryURL = `${cluster.url.replace("127.0.0.1", "localhost")}/.well-known/openid-configuration`;
    expect(await outcomeOf(cluster, (document) => ({ ...document, discoveryURL }))).toBe("verified");
    expect(cluster.calls.discovery).toBe(1);
  });

  test("an algorithm that podgate does not expect is in the document", async () => {
    await using cluster = await startCluster({ algorithm: "ES384", shape: "kind" });
    expect(await outcomeOf(cluster)).toBe("verified");
    expect(await outcomeOf(cluster, ({ algorithms: _, ...document }) => document)).toBe("TOKEN_ALGORITHM_NOT_ALLOWED");
  });
});
