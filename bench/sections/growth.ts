import type { JsonObject } from "../../lib/json.ts";
import { decide } from "../../lib/permission/decide.ts";
import { type PermissionSet, parsePermissionDocument } from "../../lib/permission/permission-set.ts";
import {
  AUDIENCE,
  allowedPath,
  CONTEXT,
  httpEvent,
  MemoryStore,
  makeCluster,
  makePrivateKey,
  mint,
  mintMany,
  NAMESPACE,
  rules,
  startApp,
  startVerifier,
} from "../fixture.ts";
import { async, type Effort, type Measured, measure, sync, turn } from "../measure.ts";
import { peerVerifiers } from "../peers.ts";
import { format, type Goal, goalAtMost, type Section, table } from "../report.ts";

const SCOPES = [`prod/${NAMESPACE}/billing`, `prod/${NAMESPACE}/_all`, "prod/_all", "_all"];

/** Whose permissions a function keeps at once, nearly. */
const MOST_PRINCIPALS = 4000;

/** What must cost the same however much is registered. Each figure over that of the smallest number, inside one round. */
export async function growthSection(effort: Effort): Promise<Section> {
  const { share } = effort;
  const parts = [
    await growth("rules: a decision alone", [10, 100, 500], 1.5, effort, ruleDecisions()),
    await growth(
      "rules: the same by regular expressions, made beforehand",
      [10, 100, 500],
      undefined,
      effort,
      regexDecisions(),
    ),
    await growth("rules: a whole warm call, new token (HTTP API)", [10, 100, 500], 1.5, effort, ruleCalls(effort)),
    await growth("keys in one set: a new token verified", [1, 8, 64], 1.15, effort, keySets(effort)),
    await growth("keys in one set: aws-jwt-verify", [1, 8, 64], undefined, effort, peerKeySets("awsJwtVerify", effort)),
    await growth("keys in one set: jose", [1, 8, 64], undefined, effort, peerKeySets("jose", effort)),
    await growth(
      "issuers, a key each: a new token verified",
      [1, 100 * share, 1000 * share],
      1.15,
      effort,
      issuers(effort),
    ),
    await growth(
      "principals: a whole warm call, new token (HTTP API)",
      [10, 1000 * share, MOST_PRINCIPALS * share],
      1.15,
      effort,
      principals(effort),
    ),
  ];
  return {
    markdown: parts.map(({ markdown }) => markdown).join("\n\n"),
    goals: parts.flatMap(({ goal }) => goal),
  };
}

type Setup = (count: number) => Promise<(index: number) => unknown>;

async function growth(
  what: string,
  counts: readonly number[],
  most: number | undefined,
  effort: Effort,
  setup: Setup,
): Promise<{ markdown: string; goal: Goal[] }> {
  const contenders = [];
  for (const count of counts) {
    const once = await setup(count);
    const isSync = !((await once(0)) instanceof Promise) && !(once(1) instanceof Promise);
    contenders.push(isSync ? sync(String(count), once) : async(String(count), async (index) => once(index)));
  }
  const measured: Measured[] = await measure(contenders, effort);
  const last = measured.at(-1);
  return {
    markdown: table(
      [what, ...counts.map((count) => count.toLocaleString("en"))],
      [
        ["median", ...measured.map(({ micros }) => `${format(micros.median)} µs`)],
        [
          "growth",
          ...measured.map(({ ratio }) => `× ${format(ratio.median)} (${format(ratio.p10)}-${format(ratio.p90)})`),
        ],
      ],
    ),
    goal:
      most === undefined || last === undefined
        ? []
        : [goalAtMost(`${what}, ${counts[0]} -> ${last.name}`, most, last.ratio)],
  };
}

/** In the four documents that apply to every principal without a group. */
function documentsWith(count: number) {
  const each = Math.ceil(count / SCOPES.length);
  const all = rules(count);
  return SCOPES.map((scope, index) => ({ scope, document: { allow: all.slice(index * each, (index + 1) * each) } }));
}

function grantedBy(count: number): PermissionSet {
  const documents = documentsWith(count).map(({ scope, document }) =>
    parsePermissionDocument({ name: scope, version: 1, revision: "1@0", text: JSON.stringify(document) }),
  );
  return { documents };
}

function accessesFor(count: number) {
  const last = allowedPath(count);
  return [last, "/v1/resource0/items/42", "/v1/nothing/here"].map((path) => ({
    service: "orders",
    method: "GET",
    path,
  }));
}

const ruleDecisions = (): Setup => async (count) => {
  const granted = grantedBy(count);
  const accesses = accessesFor(count);
  return (index) => decide(granted, turn(accesses, index));
};

const regexDecisions = (): Setup => async (count) => {
  const compiled = rules(count).map(({ methods, paths: [path = ""] }) => ({
    methods: methods as readonly string[],
    pattern: new RegExp(`^${path.replaceAll("*", ".*")}$`, "s"),
  }));
  const accesses = accessesFor(count);
  return (index) => {
    const { method, path } = turn(accesses, index);
    return compiled.find(({ methods, pattern }) => methods.includes(method) && pattern.test(path));
  };
};

function ruleCalls({ tokens: many }: Effort): Setup {
  const cluster = makeCluster("prod", "RS256");
  const tokens = mintMany(cluster, many);
  return async (count) => {
    const store = new MemoryStore();
    store.register(cluster);
    store.putApi();
    for (const { scope, document } of documentsWith(count)) store.putPermissions(scope, document);
    const app = startApp(store);
    const events = tokens.map((token) => httpEvent(token, allowedPath(count)));
    const answer = (await app.authorize(turn(events, 0), CONTEXT)) as { isAuthorized?: boolean };
    if (answer.isAuthorized !== true) throw new Error("the call is not allowed");
    return async (index) => app.authorize(turn(events, index), CONTEXT);
  };
}

/** A set as large as may be: 64 keys, of which the last one signs. */
function keysBeside(cluster: ReturnType<typeof makeCluster>, count: number): JsonObject[] {
  const others = Array.from({ length: count - 1 }, (_, index) => ({ ...cluster.signing.jwk, kid: `other-${index}` }));
  return [...others, { ...cluster.signing.jwk }];
}

function keySets({ tokens: many }: Effort): Setup {
  const cluster = makeCluster("prod", "RS256");
  const tokens = mintMany(cluster, many);
  return async (count) => {
    const store = new MemoryStore();
    store.register(cluster);
    store.putKeys(cluster, keysBeside(cluster, count));
    return verifying(store, tokens);
  };
}

function peerKeySets(peer: "awsJwtVerify" | "jose", { tokens: many }: Effort): Setup {
  const cluster = makeCluster("prod", "RS256");
  const tokens = mintMany(cluster, many);
  return async (count) => {
    const verify = (await peerVerifiers(cluster, "RS256", { keys: keysBeside(cluster, count) }))[peer];
    return (index) => verify(turn(tokens, index));
  };
}

/** Every issuer has a key object of its own; the material is one, because a thousand RSA keys take minutes to make. */
function issuers({ tokens: many }: Effort): Setup {
  const material = makePrivateKey("RS256");
  return async (count) => {
    const store = new MemoryStore();
    const clusters = Array.from({ length: count }, (_, index) => makeCluster(`prod-${index}`, "RS256", material));
    for (const cluster of clusters) store.register(cluster);
    return verifying(
      store,
      Array.from({ length: many }, (_, index) => mint(turn(clusters, index))),
    );
  };
}

async function verifying(store: MemoryStore, tokens: readonly string[]): Promise<(index: number) => unknown> {
  const verifier = startVerifier(store);
  const audiences = [AUDIENCE];
  const once = async (index: number) => verifier.verify([`Bearer ${turn(tokens, index)}`], () => audiences);
  // Documents and keys of every issuer are read before anything is measured.
  for (let index = 0; index < tokens.length; index++) {
    const { outcome } = await once(index);
    if (!("principal" in outcome)) throw new Error(`a good token is refused: ${outcome.code}`);
  }
  return once;
}

/** Every one has a document of its own, and tokens by the turn. As many different calls for few as for many: they take memory too. */
function principals({ tokens: many, share }: Effort): Setup {
  const calls = Math.max(many, MOST_PRINCIPALS * share);
  const cluster = makeCluster("prod", "RS256");
  return async (count) => {
    const store = new MemoryStore();
    store.register(cluster);
    store.putApi();
    for (let index = 0; index < count; index++) {
      store.putPermissions(`prod/${NAMESPACE}/account-${index}`, { allow: rules(10) });
    }
    const app = startApp(store);
    const events = Array.from({ length: calls }, (_, index) =>
      httpEvent(mint(cluster, `account-${index % count}`), allowedPath(10)),
    );
    for (const event of events) {
      const answer = (await app.authorize(event, CONTEXT)) as { isAuthorized?: boolean };
      if (answer.isAuthorized !== true) throw new Error("the call is not allowed");
    }
    return async (index) => app.authorize(turn(events, index), CONTEXT);
  };
}
