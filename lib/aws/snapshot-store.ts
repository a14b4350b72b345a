import {
  GetParametersByPathCommand,
  type GetParametersByPathResult,
  GetParametersCommand,
  type Parameter,
  PutParameterCommand,
  SSMClient,
} from "@aws-sdk/client-ssm";
import type { Clock } from "../clock.ts";
import type { StoredDocument } from "../document.ts";
import { GatewayError } from "../errors.ts";
import type { IssuerUrl } from "../issuer/issuer-url.ts";
import type { SnapshotStore } from "../issuer/refresh-snapshots.ts";
import { unlessAborted } from "../net/budget.ts";
import type { ParameterName, ParameterNames } from "./parameter-names.ts";
import { MAX_NAMES } from "./parameter-reader.ts";
import { reasonOf } from "./ssm-call.ts";

/** A quarter of the reads that SSM answers by default for an account and region: the rest is for decisions. */
const READS_PER_SECOND = 10;

/** Below the 3 that SSM takes by default, so that operators can write meanwhile. */
const WRITES_PER_SECOND = 2.5;

/** Ten documents a page: twice the thousand issuers that are expected at most (R12). */
const MAX_PAGES = 200;

const ATTEMPTS = 5;
const CONNECT_MS = 1000;
const REQUEST_MS = 3000;

/** Issuer documents and key sets in SSM, for `refresh-keys`: nobody waits for it, so it goes gently and tries again. */
export function createSnapshotStore(names: ParameterNames, clock: Clock): SnapshotStore {
  const client = new SSMClient({
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS, throwOnRequestTimeout: true },
  });
  const readTurn = pace(READS_PER_SECOND, clock);
  const writeTurn = pace(WRITES_PER_SECOND, clock);

  const page = (nextToken: string | undefined, end: AbortSignal): Promise<GetParametersByPathResult> =>
    ask("GetParametersByPath", names.issuers, end, async () => {
      await readTurn(end);
      const input = { Path: names.issuers, Recursive: true, MaxResults: MAX_NAMES, NextToken: nextToken };
      return client.send(new GetParametersByPathCommand(input), { abortSignal: end });
    });

  return {
    issuerName: (url) => names.issuer(url),

    async listIssuers(end) {
      const found: StoredDocument[] = [];
      const tokens = new Set<string>();
      let nextToken: string | undefined;
      do {
        const answer = await page(nextToken, end);
        for (const parameter of answer.Parameters ?? []) {
          found.push(readParameter("GetParametersByPath", parameter, names.issuers));
        }
        nextToken = answer.NextToken;
        if (nextToken !== undefined && (tokens.has(nextToken) || tokens.size >= MAX_PAGES - 1)) {
          const reason = tokens.has(nextToken) ? "a page that leads back to an earlier one" : `over ${MAX_PAGES} pages`;
          throw unavailable("GetParametersByPath", reason, names.issuers);
        }
        if (nextToken !== undefined) tokens.add(nextToken);
      } while (nextToken !== undefined);
      return found;
    },

    async readKeySets(urls, end) {
      const wanted = new Map<string, IssuerUrl>();
      for (const url of urls) wanted.set(nameOfKeys(names, url), url);
      const found = new Map<IssuerUrl, StoredDocument>();
      for (const batch of batches([...wanted.keys()])) {
        const { Parameters: parameters = [] } = await ask("GetParameters", batch[0], end, async () => {
          await readTurn(end);
          return client.send(new GetParametersCommand({ Names: batch }), { abortSignal: end });
        });
        for (const parameter of parameters) {
          const document = readParameter("GetParameters", parameter, batch[0]);
          const url = wanted.get(document.name);
          if (url !== undefined) found.set(url, document);
        }
      }
      return found;
    },

    async writeKeySet(url, text, end) {
      const name = nameOfKeys(names, url);
      const hasTurn = await writeTurn(end).then(
        () => true,
        () => false,
      );
      if (!hasTurn) return false;
      // Standard up to 4,096 characters, advanced beyond; what is advanced stays so, because SSM takes no way back.
      const command = new PutParameterCommand({
        Name: name,
        Value: text,
        Type: "String",
        Tier: "Intelligent-Tiering",
        Overwrite: true,
      });
      await ask("PutParameter", name, end, () => client.send(command, { abortSignal: end }));
      return true;
    },
  };
}

/** An issuer whose document has a name has one for its keys: both are checked by the same rule. */
function nameOfKeys(names: ParameterNames, url: IssuerUrl): ParameterName {
  const name = names.keys(url);
  if (name === undefined) throw new TypeError("no parameter can hold the keys of this issuer");
  return name;
}

/** Ends with `end`, also between two attempts of the SDK. */
async function ask<Answer>(
  operation: string,
  asked: string | undefined,
  end: AbortSignal,
  work: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await unlessAborted(end, work);
  } catch (error) {
    throw unavailable(operation, reasonOf(error), asked);
  }
}

/**
 * Gives turns at even distances, so that a second of the store's time is never used up by one burst. Rejects where the end
 * comes first.
 */
function pace(perSecond: number, clock: Clock): (end: AbortSignal) => Promise<void> {
  let next = 0;
  return async (end) => {
    end.throwIfAborted();
    const now = clock.now();
    const turn = Math.max(now, next);
    next = turn + 1 / perSecond;
    if (turn > now) await clock.wait(turn - now, end);
  };
}

function batches<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / MAX_NAMES) }, (_, index) =>
    items.slice(index * MAX_NAMES, (index + 1) * MAX_NAMES),
  );
}

function readParameter(
  operation: string,
  { Name: name, Value: text, Version: version, LastModifiedDate: modified }: Parameter,
  asked: string | undefined,
): StoredDocument {
  if (name === undefined || text === undefined || version === undefined) {
    throw unavailable(operation, "an answer without name, value or version", asked);
  }
  return { name, text, version, revision: `${version}@${modified?.getTime()}` };
}

function unavailable(operation: string, reason: string, asked: string | undefined): GatewayError {
  return new GatewayError(
    "PARAMETERS_UNAVAILABLE",
    `SSM ${operation} failed (${reason}) for ${asked}; check the function's role, its way to SSM, and throttling`,
  );
}
