import { GetParametersByPathCommand, GetParametersCommand, type Parameter, SSMClient } from "@aws-sdk/client-ssm";
import { ParameterNames } from "../../lib/aws/parameter-names.ts";
import { systemClock } from "../../lib/clock.ts";
import type { StoredDocument } from "../../lib/document.ts";
import { GatewayError } from "../../lib/errors.ts";
import { CliError, EXIT } from "../exit-code.ts";
import type { DocumentEntry, DocumentKind, DocumentStore } from "./document-store.ts";
import { Pace } from "./pace.ts";

export interface SsmStoreOptions {
  readonly prefix: string;
  /** Calls a second at most. */
  readonly rate: number;
  /** Of a parameter store that is not AWS's. @default the SDK's own settings */
  readonly endpoint?: string | undefined;
  /** Told after each page of a listing: documents so far. */
  readonly onProgress?: (documents: number) => void;
}

/** SSM gives ten at most (GetParametersByPath, `MaxResults`). */
const PAGE = 10;
const MOST_EMPTY_PAGES = 100;

/** A command may take its time: throttling is answered by waiting longer, for about a minute in all. */
const ATTEMPTS = 12;

/** Of a store on this machine, which answers at once or is not there. */
const OFFLINE_ATTEMPTS = 3;

/** The documents below a prefix of SSM Parameter Store. Region and credentials come from the SDK's own settings. */
export function openSsm({ prefix, rate, endpoint, onProgress }: SsmStoreOptions): DocumentStore {
  const client = createSsmClient(endpoint);
  const pace = new Pace(rate, systemClock);
  let checked: Promise<void> | undefined;
  const turn = async () => {
    checked ??= checkRegion(client);
    await checked;
    await pace.turn();
  };

  const listKind = async (kind: DocumentKind, found: Map<string, DocumentEntry>) => {
    let token: string | undefined;
    let empty = 0;
    do {
      await turn();
      const path = `${prefix}/${kind}`;
      const page = await asking(`GetParametersByPath for ${path}`, () =>
        client.send(
          new GetParametersByPathCommand({ Path: path, Recursive: true, MaxResults: PAGE, NextToken: token }),
        ),
      );
      const parameters = page.Parameters ?? [];
      const before = found.size;
      for (const parameter of parameters) {
        const [fullName, stored] = readParameter(parameter, path);
        const name = fullName.slice(prefix.length + 1);
        found.set(name, { name, kind, stored, ...(parameter.Type === "SecureString" && { isEncrypted: true }) });
      }
      // A listing that begins again would never end, and one that is cut off is no result.
      if (parameters.length > 0 && found.size === before)
        throw unavailable(`GetParametersByPath for ${path}`, "the same page twice");
      // SSM sends such pages now and then, and goes on behind them.
      empty = parameters.length === 0 ? empty + 1 : 0;
      if (empty > MOST_EMPTY_PAGES) throw unavailable(`GetParametersByPath for ${path}`, "empty pages without end");
      token = page.NextToken;
      onProgress?.(found.size);
    } while (token !== undefined);
  };

  return {
    title: `SSM ${prefix}`,
    prefix,
    names: new ParameterNames(prefix),
    hasVersions: true,
    read: async (names) => {
      await turn();
      const what = `GetParameters for ${names[0]}${names.length > 1 ? ` and ${names.length - 1} more` : ""}`;
      const answer = await asking(what, () => client.send(new GetParametersCommand({ Names: [...names] })));
      const found = new Map((answer.Parameters ?? []).map((parameter) => readParameter(parameter, what)));
      // Only what the answer calls invalid does not exist: a deny that is merely not mentioned must not vanish.
      if (names.some((name) => !found.has(name) && !answer.InvalidParameters?.includes(name))) {
        throw unavailable(what, "an answer that leaves out a name");
      }
      return found;
    },
    list: async (kinds) => {
      const found = new Map<string, DocumentEntry>();
      for (const kind of kinds) await listKind(kind, found);
      return [...found.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    locate: (fullName) => fullName,
  };
}

/** Long for a slow way to AWS, short for a connection that is dead. */
const CONNECT_MS = 10_000;
const REQUEST_MS = 30_000;

/** A client that waits out throttling. */
export function createSsmClient(
  endpoint?: string,
  maxAttempts = endpoint === undefined ? ATTEMPTS : OFFLINE_ATTEMPTS,
): SSMClient {
  return new SSMClient({
    maxAttempts,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS, throwOnRequestTimeout: true },
    ...(endpoint !== undefined && {
      endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "offline", secretAccessKey: "offline" },
    }),
  });
}

/** Throws `CliError`: the SDK's own words for this are an `Error` like any other. */
export async function checkRegion(client: SSMClient): Promise<void> {
  try {
    await client.config.region();
  } catch {
    throw new CliError(EXIT.USAGE, "no AWS region is set; set AWS_REGION, or a region in the profile of AWS_PROFILE");
  }
}

async function asking<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw unavailable(what, faultNameOf(error), error);
  }
}

/** `ECONNREFUSED`, `ThrottlingException`: messages of the SDK may quote what is none of the reader's. */
export function faultNameOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown error";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

function readParameter(parameter: Parameter, what: string): [string, StoredDocument] {
  const { Name: name, Value: text, Version: version, LastModifiedDate: modified } = parameter;
  if (name === undefined || text === undefined || version === undefined || modified === undefined) {
    throw unavailable(what, "an answer without name, value, version or date");
  }
  return [name, { name, text, version, revision: `${version}@${modified.getTime()}` }];
}

function unavailable(what: string, reason: string, cause?: unknown): GatewayError {
  const advice =
    reason === "ECONNREFUSED"
      ? "nobody listens there; with --offline, `npm start` has to run (PODGATE_OFFLINE_PORT_STORE is its port)"
      : "check AWS_PROFILE and AWS_REGION, the right to ssm:GetParametersByPath and ssm:GetParameters, and the network";
  return new GatewayError("PARAMETERS_UNAVAILABLE", `SSM ${what} failed (${reason}); ${advice}`, { cause });
}
