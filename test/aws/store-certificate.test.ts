import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startHttpsServer } from "../support/faulty-server.ts";

const ssmModule = new URL("../../lib/aws/ssm.ts", import.meta.url).href;

/** The connection that is opened while a function starts, and one that is opened by a call. */
const CALL = `
  import { createSsm } from ${JSON.stringify(ssmModule)};
  const told = [];
  for (const isPrepared of [true, false]) {
    const ssm = createSsm(process.env);
    if (isPrepared) await ssm.prepare();
    told.push(await ssm.call("GetParameters", { Names: ["/a"] }).then(() => "answered", ({ code }) => code));
  }
  console.log(JSON.stringify(told));
`;

test.for([
  {
    what: "of an authority that the process trusts",
    env: { NODE_EXTRA_CA_CERTS: fileURLToPath(new URL("../fixtures/tls/root.pem", import.meta.url)) },
    told: "answered",
    asked: 2,
  },
  {
    what: "of an authority that nobody knows, though NODE_TLS_REJECT_UNAUTHORIZED is 0",
    env: { NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" },
    told: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    asked: 0,
  },
])("a store with a certificate $what: $told, prepared or not", async ({ env, told, asked }) => {
  let requests = 0;
  await using server = await startHttpsServer((_request, response) => {
    requests += 1;
    response.end("{}");
  });
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", CALL], {
    env: {
      PATH: process.env["PATH"],
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "AKID",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_ENDPOINT_URL_SSM: `https://localhost:${server.port}`,
      ...env,
    },
  });
  expect(JSON.parse(stdout)).toEqual([told, told]);
  expect(requests).toBe(asked);
});
