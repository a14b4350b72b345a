import {
  allowedPath,
  CONTEXT,
  type KeyType,
  MemoryStore,
  makeCluster,
  mintMany,
  NAMESPACE,
  restEvent,
  rules,
  Sink,
  startApp,
} from "../fixture.ts";
import { async, type Effort, measure, spreadOf, turn } from "../measure.ts";
import { peerHandlers, peerVerifiers } from "../peers.ts";
import { PlainAnswers, plainHandler } from "../plain.ts";
import { contenderTable, type Goal, goalAtMost, type Section } from "../report.ts";

const RULES = 20;

/** The whole call of a warm authorizer: a REST event in, 20 rules, the policy out and one line of audit written. */
export async function authorizerSection(effort: Effort): Promise<Section> {
  const parts: string[] = [];
  const goals: Goal[] = [];
  for (const type of ["RS256", "ES256"] as const) {
    const section = await authorizerTable(type, effort);
    parts.push(`### ${type}, ${RULES} rules\n\n${section.table}`);
    goals.push(...section.goals);
  }
  return { markdown: parts.join("\n\n"), goals };
}

async function authorizerTable(type: KeyType, effort: Effort) {
  const cluster = makeCluster("prod", type);
  const events = mintMany(cluster, effort.tokens).map((token) => restEvent(token, allowedPath(RULES)));
  const eventAt = (index: number) => turn(events, index);

  const store = new MemoryStore();
  store.register(cluster);
  store.putApi();
  store.putPermissions(`prod/${NAMESPACE}/billing`, { allow: rules(RULES) });
  const ourSink = new Sink();
  const app = startApp(store, ourSink);
  const sink = new Sink();
  const answers = new PlainAnswers(sink.write);
  answers.grant(`prod/${NAMESPACE}/billing`, rules(RULES));
  const plain = plainHandler(new Map([[cluster.issuer, new Map([[cluster.keyId, cluster.publicKey]])]]), answers);
  const peers = await peerHandlers(await peerVerifiers(cluster, type), answers);

  const ours = await app.authorize(eventAt(0), CONTEXT);
  const theirs = await plain(eventAt(0));
  const policies = [ours, theirs].map((answer) =>
    JSON.stringify((answer as { policyDocument?: object }).policyDocument),
  );
  if (policies[0] === undefined || policies[0] !== policies[1]) throw new Error("the two answer with two policies");
  // The first line of an environment counts its start too.
  await app.authorize(eventAt(0), CONTEXT);
  const [ourLine, theirLine] = [ourSink.last, sink.last].map(shapeOf);
  if (ourLine !== theirLine) throw new Error(`the two write two records: ${ourLine} and ${theirLine}`);

  const measured = await measure(
    [
      async("plain handler", (index) => plain(eventAt(index))),
      async("podgate, new token", (index) => app.authorize(eventAt(index), CONTEXT)),
      async("podgate, repeated token", () => app.authorize(eventAt(0), CONTEXT)),
      async("aws-jwt-verify", (index) => peers.awsJwtVerify(eventAt(index))),
      async("jsonwebtoken + jwks-rsa", (index) => peers.jsonwebtoken(eventAt(index))),
      async("middy + jose", (index) => peers.middyJose(eventAt(index))),
      async("fast-jwt, repeated token", () => peers.fastJwtCached(eventAt(0))),
    ],
    effort,
  );
  const found = (name: string) => measured.find((row) => row.name === name)?.ratio ?? spreadOf([]);
  const fresh = found("podgate, new token");
  const repeated = found("podgate, repeated token");
  return {
    table: contenderTable(measured),
    goals: [
      goalAtMost(`whole warm call, new token, ${type}, over the plain handler`, 1.2, fresh),
      goalAtMost(
        `whole warm call, repeated token, ${type}, over its new-token cost`,
        0.12,
        repeated.median / fresh.median,
      ),
    ],
  };
}

/** A line with its times and ids left out: what two contenders write of one call. */
function shapeOf(line: string): string {
  const own = ["decisionId", "time", "durationMs", "Timestamp"];
  return JSON.stringify(JSON.parse(line), (member, value: unknown) => (own.includes(member) ? "" : value));
}
