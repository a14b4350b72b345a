import { randomUUID, verify } from "node:crypto";
import {
  AUDIENCE,
  allowedPath,
  CONTEXT,
  MemoryStore,
  makeCluster,
  mint,
  restEvent,
  startApp,
  startVerifier,
} from "../fixture.ts";
import { async, type Contender, type Effort, measure, sync, turn } from "../measure.ts";
import { peerVerifiers } from "../peers.ts";
import { format, type Goal, goalAtMost, type Section, table } from "../report.ts";
import { signedParts } from "./verify.ts";

const KINDS = ["no token", "alg none", "unknown kid", "foreign issuer", "expired", "bad signature"] as const;
type Kind = (typeof KINDS)[number];

/** What costs nothing to send should cost little to refuse: these need no signature to be checked. */
const GARBAGE: readonly Kind[] = ["no token", "alg none", "unknown kid", "foreign issuer"];
const GOAL = 0.35;

const COLUMNS = [
  "podgate's verifier",
  "podgate's authorizer",
  "aws-jwt-verify",
  "fast-jwt",
  "jsonwebtoken + jwks-rsa",
  "jose",
];

/** Refusals, by the verifier and by the whole authorizer with its line of audit. Tokens take turns, none comes twice in a row. */
export async function garbageSection(effort: Effort): Promise<Section> {
  const cluster = makeCluster("prod", "RS256");
  const store = new MemoryStore();
  store.register(cluster);
  store.putApi();
  const verifier = startVerifier(store);
  const app = startApp(store);
  const peers = await peerVerifiers(cluster, "RS256");
  const good = mint(cluster);
  const { input, signature } = signedParts(good, "RS256");
  const audiences = [AUDIENCE];
  // As in an authorizer whose receiver is in memory: nothing has to be waited for.
  const findAudiences = () => audiences;
  // What was verified before is known: garbage comes to a function that is in use.
  await verifier.verify([`Bearer ${good}`], findAudiences);
  await app.authorize(restEvent(good, allowedPath(20)), CONTEXT);

  const rows: (readonly (string | number)[])[] = [];
  const goals: Goal[] = [];
  for (const kind of KINDS) {
    const tokens = Array.from({ length: Math.min(200, effort.tokens) }, () => garbage(kind, cluster));
    const fields = tokens.map((token) => (token === undefined ? [] : [`Bearer ${token}`]));
    const events = tokens.map((token) => restEvent(token, allowedPath(20)));
    const contenders: Contender[] = [
      sync("bare verify", () => verify("sha256", input, cluster.publicKey, signature)),
      async("podgate's verifier", async (index) => verifier.verify(turn(fields, index), findAudiences)),
      async("podgate's authorizer", (index) => refused(app.authorize(turn(events, index), CONTEXT))),
    ];
    // fast-jwt has one key and looks at no `kid`, so there is none that it does not know.
    const fast =
      kind === "unknown kid"
        ? undefined
        : sync("fast-jwt", (index) => thrown(() => peers.fastJwt(turn(tokens, index) ?? "")));
    if (kind !== "no token") {
      contenders.push(
        sync("aws-jwt-verify", (index) => thrown(() => peers.awsJwtVerify(turn(tokens, index) ?? ""))),
        ...(fast === undefined ? [] : [fast]),
        async("jsonwebtoken + jwks-rsa", (index) => refused(peers.jsonwebtoken(turn(tokens, index) ?? ""))),
        async("jose", (index) => refused(peers.jose(turn(tokens, index) ?? ""))),
      );
    }
    const measured = await measure(contenders, effort);
    const ratioOf = (name: string) => measured.find((row) => row.name === name)?.ratio;
    rows.push([kind, ...COLUMNS.map((name) => format(ratioOf(name)?.median ?? Number.NaN).replace("NaN", ""))]);
    const ours = ratioOf("podgate's verifier");
    if (GARBAGE.includes(kind) && ours !== undefined) {
      goals.push(goalAtMost(`refused: ${kind}, over bare verify RS256`, GOAL, ours));
    }
  }
  return { markdown: table(["× bare verify RS256 (median)", ...COLUMNS], rows), goals };
}

function garbage(kind: Kind, cluster: ReturnType<typeof makeCluster>): string | undefined {
  switch (kind) {
    case "no token":
      return undefined;
    case "alg none":
      return mint(cluster, "billing", { header: { alg: "none" } });
    case "unknown kid":
      return mint(cluster, "billing", { header: { kid: randomUUID() } });
    case "foreign issuer":
      return mint(cluster, "billing", { claims: { iss: "https://issuer.example.com" } });
    case "expired":
      return mint(cluster, "billing", { claims: { exp: 1_700_003_600, iat: 1_700_000_000, nbf: 1_700_000_000 } });
    case "bad signature": {
      const token = mint(cluster);
      const at = token.length - 100;
      return `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
    }
  }
}

function thrown(act: () => unknown): void {
  try {
    act();
  } catch {
    return;
  }
  throw new Error("garbage was accepted");
}

function refused(acting: Promise<unknown>): Promise<void> {
  return acting.then(
    () => Promise.reject(new Error("garbage was accepted")),
    () => undefined,
  );
}
