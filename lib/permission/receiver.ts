import * as v from "valibot";
import type { Awaitable } from "../awaitable.ts";
import {
  type DocumentVersion,
  formatVersion,
  parseDocument,
  type StoredDocument,
  strictDocument,
} from "../document.ts";
import { isJsonObject, type JsonObject } from "../json.ts";
import { isDnsLabel } from "../names.ts";
import { isPrincipalPattern } from "./principal-pattern.ts";

/** What a token is meant for: one protected API, at one of its stages. */
export interface Receiver {
  readonly service: string;
  /** A token for this API carries one of these, exactly. Never empty. */
  readonly audiences: readonly string[];
  /** Upper bound of who may call at all; absent: everybody. */
  readonly principals?: readonly string[] | undefined;
}

/** An operator's API as registered under `apis/<apiId>`. */
export interface RegisteredApi {
  readonly receiver: Receiver;
  readonly stages: ReadonlyMap<string, Receiver>;
  /** Whether API Gateway may reuse an answer for other routes, so that it must hold all that the caller may do. */
  readonly cached: boolean;
  /** What an HTTP API of payload 2.0 expects, which its event does not show (`enableSimpleResponses`). */
  readonly answers: "simple" | "policy";
  readonly account?: string | undefined;
  readonly region?: string | undefined;
  readonly document: DocumentVersion;
}

/** An audience as it may stand in a token, a setting and an answer's context. */
export function isAudience(text: string): boolean {
  return /^[!-~]{1,1024}$/.test(text);
}

/** Where receiver documents come from: at once where they are in memory. Rejects with `PARAMETERS_UNAVAILABLE`, `DOCUMENT_INVALID`, `DOCUMENT_TOO_NEW`. */
export interface ApiSource {
  find(apiId: string): Awaitable<RegisteredApi | undefined>;
}

export const principalPatterns = v.pipe(
  v.array(
    v.pipe(
      v.string("is not a string"),
      v.check(isPrincipalPattern, "is not `<cluster>/<namespace>/<serviceaccount>`, where `*` stands inside a part"),
    ),
    "is not a list",
  ),
  v.minLength(1, "is empty, which would admit nobody; leave it out to admit everybody"),
);

const service = v.custom<string>(isDnsLabel, "is not a DNS-1123 label of at most 63 characters");
const audiences = v.pipe(
  v.array(
    v.pipe(v.string("is not a string"), v.check(isAudience, "is not 1 to 1,024 printable ASCII characters")),
    "is not a list",
  ),
  v.minLength(1, "is empty; a receiver without audience accepts no token"),
);

const schema = strictDocument({
  version: formatVersion,
  service,
  audiences,
  cached: v.optional(v.boolean("is neither true nor false"), true),
  answers: v.optional(v.picklist(["simple", "policy"], 'is neither "simple" nor "policy"'), "simple"),
  principals: v.optional(principalPatterns),
  account: v.optional(v.pipe(v.string("is not a string"), v.regex(/^[0-9]{12}$/, "is not an account id of 12 digits"))),
  region: v.optional(v.pipe(v.string("is not a string"), v.regex(/^[a-z0-9-]{1,32}$/, "is not a region's name"))),
  stages: v.optional(
    v.pipe(
      v.custom<JsonObject>(isJsonObject, "is not an object of stages"),
      v.check(hasStageNamesOnly, "has a member that is no stage's name: A-Z a-z 0-9 _ -, at most 128, or $default"),
      v.record(
        v.string(),
        strictDocument({
          service: v.optional(service),
          audiences: v.optional(audiences),
          principals: v.optional(principalPatterns),
        }),
      ),
    ),
    {},
  ),
});

/** Names that `v.record` leaves out without a word, so that what the stage bounds would be lost. */
const UNREADABLE_STAGES = ["__proto__", "constructor", "prototype"];

/** As API Gateway names stages; a member that no stage can have is a misspelt one. */
function hasStageNamesOnly(stages: JsonObject): boolean {
  return Object.keys(stages).every(
    (name) => /^(?:[A-Za-z0-9_-]{1,128}|\$default)$/.test(name) && !UNREADABLE_STAGES.includes(name),
  );
}

/** Reads a receiver document. A stage has what it names itself and the rest from above it. */
export function parseRegisteredApi(stored: StoredDocument): RegisteredApi {
  const { version: _, service, audiences, principals, stages, ...api } = parseDocument(stored, schema);
  const receiver: Receiver = { service, audiences, principals };
  return {
    ...api,
    receiver,
    stages: new Map(
      Object.entries(stages).map(([stage, own]) => [
        stage,
        {
          service: own.service ?? service,
          audiences: own.audiences ?? audiences,
          principals: own.principals ?? principals,
        },
      ]),
    ),
    document: { name: stored.name, version: stored.version },
  };
}

export function receiverOfStage(api: RegisteredApi, stage: string): Receiver {
  return api.stages.get(stage) ?? api.receiver;
}
