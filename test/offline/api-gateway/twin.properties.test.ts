import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apiGateway } from "../../../offline/api-gateway/twin.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { arnOf, askedArn, policy, statement } from "./twins.ts";

const KINDS = ["rest-token", "rest-request", "http-1.0", "http-2.0"] as const;

interface Grant {
  readonly effect: "Allow" | "Deny";
  readonly method: string;
  readonly path: string;
  /** Where the statement has a condition: the range of the caller's address. */
  readonly from: string | undefined;
}

interface Call {
  readonly token: string;
  readonly method: string;
  readonly path: string;
  readonly sourceIp: string;
  /** Seconds since the call before. */
  readonly later: number;
}

const methods = fc.constantFrom("GET", "POST");
const grants = fc.array(
  fc.record<Grant>({
    effect: fc.constantFrom("Allow", "Allow", "Deny"),
    method: methods,
    path: fc.constantFrom("/*", "/a", "/a/*", "/b", "/?"),
    from: fc.constantFrom(undefined, undefined, "10.0.0.0/8", "192.168.0.0/16"),
  }),
  { minLength: 1, maxLength: 5 },
);
const calls = fc.array(
  fc.record<Call>({
    token: fc.constantFrom("one", "two"),
    method: methods,
    path: fc.constantFrom("/a", "/a/b", "/b", "/c"),
    sourceIp: fc.constantFrom("10.1.2.3", "192.168.1.1", "203.0.113.1"),
    later: fc.constantFrom(0, 1, 59, 60, 61),
  }),
  { minLength: 1, maxLength: 8 },
);

type Answer = (event: Readonly<Record<string, unknown>>) => unknown;

/** Statuses of the calls in their order, at an API that keeps answers for so many seconds. */
async function statuses(kind: (typeof KINDS)[number], answer: Answer, made: readonly Call[], ttl: number) {
  const clock = new ManualClock();
  const api = apiGateway({ kind, ttl, clock, authorizer: (event) => answer({ ...event }) });
  const seen: number[] = [];
  for (const { token, later, ...call } of made) {
    clock.advance(later);
    seen.push((await api.call({ ...call, headers: { Authorization: token } })).status);
  }
  return seen;
}

function completeAnswer(kind: (typeof KINDS)[number], listed: readonly Grant[]): Answer {
  const statements = listed.map(({ effect, method, path, from }) =>
    statement(arnOf(kind, method, path), {
      Effect: effect,
      ...(from !== undefined && { Condition: { IpAddress: { "aws:SourceIp": from } } }),
    }),
  );
  return () => policy(...statements);
}

describe.for(KINDS)("%s: whether answers are kept", (kind) => {
  test("does not show where the authorizer answers with all that it allows", async () => {
    await fc.assert(
      fc.asyncProperty(grants, calls, async (listed, made) => {
        const answer = completeAnswer(kind, listed);
        expect(await statuses(kind, answer, made, 60)).toEqual(await statuses(kind, answer, made, 0));
      }),
      { numRuns: 150 },
    );
  });

  test("shows at the second call where it names only the call that it is asked about", async () => {
    const onlyAsked: Answer = (event) => policy(statement(askedArn(event)));
    await fc.assert(
      fc.asyncProperty(calls, async (made) => {
        const without = await statuses(kind, onlyAsked, made, 0);
        expect(new Set(without)).toEqual(new Set([200]));
        const [first, second] = made;
        const isAnother = first?.method !== second?.method || first?.path !== second?.path;
        fc.pre(first?.token === second?.token && isAnother && second !== undefined && second.later < 60);
        expect((await statuses(kind, onlyAsked, made, 60)).slice(0, 2)).toEqual([200, 403]);
      }),
      { numRuns: 50 },
    );
  });
});
