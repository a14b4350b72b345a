import { type Behaviour, readBehaviour } from "./behaviour.ts";
import type { ShownRequest } from "./received-request.ts";
import { DEMO_SECRETS, SECRET_KINDS, type SecretKind, type Secrets } from "./secrets.ts";

/** Requests that are remembered, the last ones. */
const MAX_REQUESTS = 1000;

/** What the service was told and what it saw. */
export class SampleState {
  readonly secrets: Secrets = { ...DEMO_SECRETS };
  /** Oldest first. */
  readonly requests: ShownRequest[] = [];
  #faults: Readonly<Record<string, string>> = {};

  get faults(): Readonly<Record<string, string>> {
    return this.#faults;
  }

  /** By path prefix, as texts of `readBehaviour`; in place of those before. Throws Error for an unreadable one. */
  set faults(faults: Readonly<Record<string, string>>) {
    for (const [prefix, text] of Object.entries(faults)) {
      if (!prefix.startsWith("/")) throw new Error(`${prefix}: a prefix begins with /`);
      if (readBehaviour(text) === undefined) throw new Error(`${prefix}: no such behaviour`);
    }
    this.#faults = { ...faults };
  }

  /** What is told for a path: of the longest prefix, which ends where a segment does. */
  behaviourFor(path: string): Behaviour | undefined {
    const [prefix] = Object.keys(this.#faults)
      .filter((each) => each === "/" || path === each || path.startsWith(`${each}/`))
      .toSorted((one, other) => other.length - one.length);
    const text = prefix === undefined ? undefined : this.#faults[prefix];
    return text === undefined ? undefined : readBehaviour(text);
  }

  remember(request: ShownRequest): void {
    this.requests.push(request);
    if (this.requests.length > MAX_REQUESTS) this.requests.shift();
  }
}

export interface ControlAnswer {
  readonly status: number;
  readonly value: unknown;
}

/**
 * Calls that tell the service something. They are not among its requests. Bodies are JSON objects.
 *
 * - `GET /_requests`, `DELETE /_requests`: the last 1,000 requests, oldest first, as each was shown
 * - `GET /_faults`, `PUT /_faults` `{ "<path prefix>": "<behaviour>" }`, `DELETE /_faults`: how requests below a path are
 *   answered (see `readBehaviour`), before any credential is looked at; `/_sts` and `/_oauth2` are such paths too
 * - `PUT /_secrets` `{ "header": "new", … }`, `DELETE /_secrets`: the secrets of `header`, `basic`, `oauth2` that are right
 *   from now on, or again those of the start
 * - `DELETE /_tokens`: no access token and no role session given out so far is good any more
 *
 * `undefined` for any other path.
 */
export function control(
  method: string,
  path: string,
  body: Buffer,
  state: SampleState,
  revokeAll: () => void,
): ControlAnswer | undefined {
  const calls = CALLS[path];
  if (calls === undefined || !Object.hasOwn(CALLS, path)) return undefined;
  const call = Object.hasOwn(calls, method) ? calls[method] : undefined;
  if (call === undefined) return { status: 405, value: { error: `known: ${Object.keys(calls).join(", ")}` } };
  try {
    return { status: 200, value: call(state, () => textsOf(body), revokeAll) };
  } catch (error) {
    return { status: 400, value: { error: error instanceof Error ? error.message : "not understood" } };
  }
}

type Call = (state: SampleState, texts: () => Record<string, string>, revokeAll: () => void) => unknown;

const CALLS: Readonly<Record<string, Readonly<Record<string, Call>>>> = {
  "/_requests": {
    GET: (state) => state.requests,
    DELETE: (state) => {
      state.requests.length = 0;
      return [];
    },
  },
  "/_faults": {
    GET: (state) => state.faults,
    PUT: (state, texts) => {
      state.faults = texts();
      return state.faults;
    },
    DELETE: (state) => {
      state.faults = {};
      return {};
    },
  },
  "/_secrets": {
    PUT: (state, texts) => {
      const secrets = texts();
      if (!Object.keys(secrets).every(isSecretKind)) throw new Error(`known: ${SECRET_KINDS.join(", ")}`);
      if (Object.values(secrets).includes("")) throw new Error("a secret is not empty");
      Object.assign(state.secrets, secrets);
      return { changed: Object.keys(secrets) };
    },
    DELETE: (state) => {
      Object.assign(state.secrets, DEMO_SECRETS);
      return { changed: SECRET_KINDS };
    },
  },
  "/_tokens": {
    DELETE: (_state, _texts, revokeAll) => {
      revokeAll();
      return {};
    },
  },
};

function isSecretKind(name: string): name is SecretKind {
  return (SECRET_KINDS as readonly string[]).includes(name);
}

/** An object of texts. Throws Error, in words that hold nothing of the body. */
function textsOf(body: Buffer): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString("utf8"));
  } catch {
    throw new Error("the body is not JSON");
  }
  const entries = typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  const texts = entries.filter((entry): entry is [string, string] => typeof entry[1] === "string");
  if (entries.length === 0 || texts.length < entries.length) throw new Error("the body is not an object of texts");
  return Object.fromEntries(texts);
}
