import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetParametersByPathCommand, SSMClient } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";
import { startStack } from "../../offline/stack.ts";

const ports = { gateway: 0, websocket: 0, lambda: 0, cluster: 0, store: 0, service: 0 };

const SEED = `
prefix: /podgate/offline
issuers:
  - { url: "\${clusters}/dev", cluster: dev }
  - { url: "\${issuer.prod}", cluster: prod, jwksURL: "\${keys.prod}" }
  - url: "\${issuer.own}"
    cluster: own
    jwksURL: "\${keys.own}"
    certificateAuthority: "\${certificateAuthority.own}"
    network: private
`;

test("a seed can name what a cluster of any shape says, and is then the document that the cluster gives", async () => {
  const folder = await mkdtemp(join(tmpdir(), "podgate-stack-"));
  const seedFile = join(folder, "seed.yaml");
  await writeFile(seedFile, SEED);
  await using stack = await startStack({
    ports,
    clusters: [
      { name: "dev", algorithm: "ES256" },
      { name: "prod", algorithm: "ES256", shape: "eks" },
      { name: "own", algorithm: "ES256", shape: "private" },
    ],
    seedFile,
  });
  await rm(folder, { recursive: true });
  const credentials = { accessKeyId: "offline", secretAccessKey: "offline" };
  const client = new SSMClient({ endpoint: stack.storeUrl, region: "us-east-1", credentials });
  const { Parameters = [] } = await client.send(
    new GetParametersByPathCommand({ Path: "/podgate/offline/issuers", Recursive: true }),
  );
  client.destroy();

  const documents = Parameters.map(({ Value = "" }) => JSON.parse(Value));
  expect(documents).toHaveLength(3);
  expect(documents).toEqual(expect.arrayContaining(stack.clusters.map(({ issuerDocument }) => issuerDocument)));
  const [, prod] = stack.clusters;
  expect(await (await fetch(prod?.keysUrl ?? "")).json()).toEqual({ keys: prod?.keys });
});
