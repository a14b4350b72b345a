import type { Awaitable } from "../awaitable.ts";
import { type DocumentVersion, formatVersion, parseDocument, type StoredDocument } from "../document.ts";
import {
  flag,
  inside,
  list,
  object,
  oneOf,
  optional,
  type ReadBy,
  type Reader,
  text,
  value,
  wrong,
} from "../document-reader.ts";
import { isJsonObject } from "../json.ts";
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
  /**
   * What an HTTP API of payload 2.0 expects, which its event does not show (`enableSimpleResponses`): simple answers where
   * it is absent, which it is for APIs that expect policies anyway.
   */
  readonly answers?: "simple" | "policy" | undefined;
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

export const principalPatterns = list(
  text(isPrincipalPattern, "is not `<cluster>/<namespace>/<serviceaccount>`, where `*` stands inside a part"),
  "is empty, which would admit nobody; leave it out to admit everybody",
);

const service = value(isDnsLabel, "is not a DNS-1123 label of at most 63 characters");
const audiences = list(
  text(isAudience, "is not 1 to 1,024 printable ASCII characters"),
  "is empty; a receiver without audience accepts no token",
);

const stage = object({
  service: optional(service),
  audiences: optional(audiences),
  principals: optional(principalPatterns),
});

const stages: Reader<ReadonlyMap<string, ReadBy<typeof stage>>> = (written, reading) => {
  if (!isJsonObject(written)) return wrong(reading, "is not an object of stages");
  const names = Object.keys(written);
  if (!names.every(isStageName)) {
    return wrong(reading, "has a member that is no stage's name: A-Z a-z 0-9 _ -, at most 128, or $default");
  }
  return new Map(names.map((name) => [name, inside(name, written[name], stage, reading)]));
};

const document = object({
  version: formatVersion,
  service,
  audiences,
  cached: optional(flag, true),
  answers: optional(oneOf(["simple", "policy"], 'is neither "simple" nor "policy"')),
  principals: optional(principalPatterns),
  account: optional(text((account) => /^[0-9]{12}$/.test(account), "is not an account id of 12 digits")),
  region: optional(text((region) => /^[a-z0-9-]{1,32}$/.test(region), "is not a region's name")),
  stages: optional(stages, new Map()),
});

/** Names that programs which read the document as objects may lose, and with them what the stage bounds. */
const UNREADABLE_STAGES = ["__proto__", "constructor", "prototype"];

/** As API Gateway names stages; a member that no stage can have is a misspelt one. */
function isStageName(name: string): boolean {
  return /^(?:[A-Za-z0-9_-]{1,128}|\$default)$/.test(name) && !UNREADABLE_STAGES.includes(name);
}

/** Reads a receiver document. A stage has what it names itself and the rest from above it. */
export function parseRegisteredApi(stored: StoredDocument): RegisteredApi {
  const { version: _, service, audiences, principals, stages, ...api } = parseDocument(stored, document);
  const receiver: Receiver = { service, audiences, principals };
  return {
    ...api,
    receiver,
    stages: new Map(
      [...stages].map(([stage, own]) => [
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
