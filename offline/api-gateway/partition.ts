/** The partitions of AWS by how the names of their regions begin; every other region is in `aws`. */
const BY_REGION = {
  "cn-": "aws-cn",
  "us-gov-": "aws-us-gov",
  "us-iso-": "aws-iso",
  "us-isob-": "aws-iso-b",
  "eu-isoe-": "aws-iso-e",
  "us-isof-": "aws-iso-f",
  "eusc-": "aws-eusc",
} as const;

/** Where the names of hosts end (AWS general reference, "AWS service endpoints"). */
const DNS_SUFFIXES: Readonly<Record<string, string>> = {
  aws: "amazonaws.com",
  "aws-cn": "amazonaws.com.cn",
  "aws-us-gov": "amazonaws.com",
  "aws-iso": "c2s.ic.gov",
  "aws-iso-b": "sc2s.sgov.gov",
  "aws-iso-e": "cloud.adc-e.uk",
  "aws-iso-f": "csp.hci.ic.gov",
  "aws-eusc": "amazonaws.eu",
};

/** Second part of every ARN of a region: `aws`, `aws-cn`, `aws-us-gov`, … */
export function partitionOf(region: string): string {
  return Object.entries(BY_REGION).find(([prefix]) => region.startsWith(prefix))?.[1] ?? "aws";
}

export function dnsSuffixOf(partition: string): string {
  return DNS_SUFFIXES[partition] ?? "amazonaws.com";
}

/** Names of stages; `$default` is one of HTTP APIs only. */
const STAGE = /^[A-Za-z0-9_-]{1,128}$/;

/** What is wrong with the names of an API that no AWS would give it; one text each. */
export function addressProblems(api: {
  readonly stage: string;
  readonly isHttpApi: boolean;
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly apiId: string;
}): string[] {
  const { partition, region, account, apiId, stage, isHttpApi } = api;
  const problems: string[] = [];
  if (!/^[a-z]{2,4}(-[a-z]+)+-[0-9]$/.test(region))
    problems.push(`region ${JSON.stringify(region)} is no region of AWS`);
  else if (partition !== partitionOf(region)) {
    problems.push(`region ${region} is in the partition ${partitionOf(region)}, not in ${JSON.stringify(partition)}`);
  }
  if (!/^[0-9]{12}$/.test(account)) problems.push(`account ${JSON.stringify(account)} is not twelve digits`);
  if (!/^[A-Za-z0-9-]{1,64}$/.test(apiId)) problems.push(`apiId ${JSON.stringify(apiId)} is not letters, digits and -`);
  if (!STAGE.test(stage) && !(isHttpApi && stage === "$default")) {
    problems.push(`stage ${JSON.stringify(stage)} is not letters, digits, - and _${isHttpApi ? ", or $default" : ""}`);
  }
  return problems;
}
