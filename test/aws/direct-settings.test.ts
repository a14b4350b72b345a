import { GetParametersCommand, SSMClient } from "@aws-sdk/client-ssm";
import { describe, expect, test, vi } from "vitest";
import { readDirectSettings } from "../../lib/aws/direct-settings.ts";

const LAMBDA = { AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "ASIA", AWS_SECRET_ACCESS_KEY: "secret" };

/** Where the SDK sends a request, set up by these variables and nothing else. */
async function endpointOfSdk(env: Readonly<Record<string, string>>): Promise<string> {
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  let endpoint = "";
  const client = new SSMClient({
    maxAttempts: 1,
    requestHandler: {
      handle: async ({ protocol, hostname, port }: { protocol: string; hostname: string; port?: number }) => {
        endpoint = new URL(`${protocol}//${hostname}${port ? `:${port}` : ""}`).href;
        throw new Error("nothing is sent");
      },
    },
  });
  await client.send(new GetParametersCommand({ Names: ["/a"] })).catch(() => undefined);
  vi.unstubAllEnvs();
  return endpoint;
}

describe("what Lambda gives a function is enough", () => {
  test("keys, region and the region's endpoint", () => {
    expect(readDirectSettings({ ...LAMBDA, AWS_SESSION_TOKEN: "session" })).toEqual({
      endpoint: new URL("https://ssm.eu-central-1.amazonaws.com"),
      region: "eu-central-1",
      credentials: { accessKeyId: "ASIA", secretAccessKey: "secret", sessionToken: "session" },
      traceId: undefined,
    });
  });

  test.for<{ variables: Record<string, string>; endpoint: string }>([
    { variables: { AWS_ENDPOINT_URL: "https://a.example:8443" }, endpoint: "https://a.example:8443/" },
    {
      variables: { AWS_ENDPOINT_URL: "https://a.example", AWS_ENDPOINT_URL_SSM: "http://127.0.0.1:4101" },
      endpoint: "http://127.0.0.1:4101/",
    },
    {
      variables: { AWS_ENDPOINT_URL: "https://a.example", AWS_ENDPOINT_URL_SSM: "" },
      endpoint: "https://a.example/",
    },
    { variables: { AWS_ENDPOINT_URL_SSM: "https://a.example/" }, endpoint: "https://a.example/" },
    {
      variables: { AWS_ENDPOINT_URL_SSM: "https://a.example", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "false" },
      endpoint: "https://a.example/",
    },
    {
      variables: { AWS_ENDPOINT_URL_SSM: "https://a.example", AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" },
      endpoint: "https://ssm.eu-central-1.amazonaws.com/",
    },
    { variables: { AWS_USE_FIPS_ENDPOINT: "false" }, endpoint: "https://ssm.eu-central-1.amazonaws.com/" },
    // A region of which nothing need be known where the endpoint is said.
    {
      variables: { AWS_REGION: "us-iso-east-1", AWS_ENDPOINT_URL_SSM: "https://a.example" },
      endpoint: "https://a.example/",
    },
  ])("$variables lead to $endpoint, as with the SDK", async ({ variables, endpoint }) => {
    const env = { ...LAMBDA, ...variables };
    expect(readDirectSettings(env)?.endpoint.href).toBe(endpoint);
    expect(await endpointOfSdk(env)).toBe(endpoint);
  });
});

describe("anything else is left to the SDK", () => {
  test.for<Record<string, string | undefined>>([
    { AWS_REGION: undefined },
    { AWS_ACCESS_KEY_ID: undefined },
    { AWS_ACCESS_KEY_ID: "" },
    { AWS_SECRET_ACCESS_KEY: undefined },
    { AWS_PROFILE: "dev" },
    { AWS_CONFIG_FILE: "/var/task/config" },
    { AWS_SHARED_CREDENTIALS_FILE: "/var/task/credentials" },
    { AWS_USE_FIPS_ENDPOINT: "true" },
    { AWS_USE_DUALSTACK_ENDPOINT: "true" },
    { AWS_USE_DUALSTACK_ENDPOINT: "yes" },
    { AWS_DISABLE_CLOCK_SKEW_CORRECTION: "true" },
    { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "yes" },
    { AWS_ENDPOINT_URL_SSM: "a.example" },
    { AWS_ENDPOINT_URL_SSM: "ftp://a.example" },
    { AWS_ENDPOINT_URL_SSM: "https://a.example/ssm" },
    { AWS_ENDPOINT_URL_SSM: "https://a.example?x" },
    { AWS_ENDPOINT_URL_SSM: "https://user@a.example" },
    { AWS_REGION: "fips-us-east-1" },
    { AWS_REGION: "fips-us-east-1", AWS_ENDPOINT_URL_SSM: "https://a.example" },
    { AWS_REGION: "us-east-1.evil.example#" },
    { AWS_REGION: "us-east-1.evil.example#", AWS_ENDPOINT_URL_SSM: "https://a.example" },
    { AWS_REGION: "moon-base-1" },
  ])("%o", (variables) => {
    expect(readDirectSettings({ ...LAMBDA, ...variables })).toBeUndefined();
  });
});

/** Of every partition that the SDK knows, with one region each that it lists and one that it does not. */
const REGIONS = [
  ...["us-east-1", "us-west-2", "eu-central-1", "ap-southeast-7", "sa-east-1", "ca-west-1", "me-central-1"],
  ...["af-south-1", "il-central-1", "mx-central-1", "eu-nowhere-9", "us-north-3"],
  ...["cn-north-1", "cn-northwest-1", "cn-south-9"],
  ...["us-gov-east-1", "us-gov-west-1", "us-gov-north-9"],
  ...["us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1"],
];
const LEFT_TO_THE_SDK = ["us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1", "eusc-de-east-1"];

test.for(REGIONS)("SSM of %s is where the SDK finds it, or is left to the SDK", (region) => {
  const sdk = new SSMClient({ region, credentials: { accessKeyId: "a", secretAccessKey: "b" } });
  const { url } = sdk.config.endpointProvider({ Region: region, UseFIPS: false, UseDualStack: false });
  const direct = readDirectSettings({ ...LAMBDA, AWS_REGION: region });
  if (LEFT_TO_THE_SDK.includes(region)) expect(direct).toBeUndefined();
  else expect(direct?.endpoint.href).toBe(url.href);
});
