import type { Environment } from "../config.ts";

/** What a call needs that is made without the SDK. */
export interface DirectSettings {
  readonly endpoint: URL;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Of the request that is being answered, for AWS X-Ray and Lambda's detection of loops; Lambda sets it anew each time. */
  readonly traceId?: string | undefined;
}

/**
 * Where a region's SSM is: partitions and their domains as in the SDK's own table (`partitions.json`), which the tests
 * compare. What is in none of these (isolated partitions, regions of a kind that is not known yet) is left to the SDK.
 */
const PARTITIONS = [
  { regions: /^(?:us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/, domain: "amazonaws.com" },
  { regions: /^cn-\w+-\d+$/, domain: "amazonaws.com.cn" },
  { regions: /^us-gov-\w+-\d+$/, domain: "amazonaws.com" },
] as const;

/** Settings with which the SDK would go another way than the environment's own keys and the region's usual endpoint. */
const SDK_SETTINGS = [
  "AWS_PROFILE",
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "AWS_USE_FIPS_ENDPOINT",
  "AWS_USE_DUALSTACK_ENDPOINT",
  "AWS_DISABLE_CLOCK_SKEW_CORRECTION",
];

/**
 * What Lambda gives every function: a region and keys in the environment, read at each call because they may be renewed.
 * `undefined` where anything else is set up, or anything is missing: the SDK knows all of its settings, and names a wrong one.
 */
export function readDirectSettings(env: Environment): DirectSettings | undefined {
  if (SDK_SETTINGS.some((name) => (env[name] ?? "false") !== "false")) return undefined;
  const region = env["AWS_REGION"];
  const accessKeyId = env["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = env["AWS_SECRET_ACCESS_KEY"];
  const sessionToken = env["AWS_SESSION_TOKEN"];
  if (!region || !accessKeyId || !secretAccessKey) return undefined;
  const endpoint = readEndpoint(env, region);
  if (endpoint === undefined) return undefined;
  return {
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) },
    traceId: env["AWS_LAMBDA_FUNCTION_NAME"] ? env["_X_AMZN_TRACE_ID"] : undefined,
  };
}

/** As the SDK finds it (AWS SDKs and Tools Reference Guide, "Service-specific endpoints"). */
function readEndpoint(env: Environment, region: string): URL | undefined {
  const ignored = env["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] ?? "false";
  if (ignored !== "false" && ignored !== "true") return undefined;
  const configured = ignored === "true" ? undefined : env["AWS_ENDPOINT_URL_SSM"] || env["AWS_ENDPOINT_URL"];
  if (configured) return isRegionName(region) ? readOrigin(configured) : undefined;
  const domain = PARTITIONS.find(({ regions }) => regions.test(region))?.domain;
  return domain === undefined ? undefined : new URL(`https://ssm.${region}.${domain}`);
}

/** A name that stands in a signature as it is. The SDK takes `fips` out of names that hold it. */
function isRegionName(region: string): boolean {
  return /^[a-z0-9-]{1,32}$/.test(region) && !region.includes("fips");
}

/** An endpoint that is scheme, host and port alone. */
function readOrigin(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined;
  return url.href === `${url.origin}/` ? url : undefined;
}
