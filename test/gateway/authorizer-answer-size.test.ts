import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRefusal } from "../../lib/errors.ts";
import { faultOf, granting } from "../permission/documents.ts";
import {
  answerOf,
  api,
  decidedOn,
  grantedForAnswerOf,
  identityOf,
  type PolicyAnswer,
  policyAnswer,
  READ,
  requestOf,
  STAGE,
  sizeOf,
  verdict,
} from "./answering.ts";

const MAX_BYTES = 8192;
/** A statement of its own with one resource of 512 bytes, and the comma before it. */
const ROOM_FOR_THE_DENIAL = 512 + '{"Effect":"Deny","Action":"execute-api:Invoke","Resource":[""]}'.length + 1;
const MAX_WITHOUT_DENIAL = MAX_BYTES - ROOM_FOR_THE_DENIAL;

const request = requestOf("rest", "GET/v1/x");

/** An operation of `method` whose ARN has this many characters. */
function operationOf(characters: number, fill = "e", method = "POST"): string {
  return `${method}/`.padEnd(characters - STAGE.length - 1, fill);
}

describe("an answer has 8,192 bytes at most, the Deny of an asked call included (API Gateway, Quotas)", () => {
  test("7,616 bytes without such a Deny fit, and with the longest one the answer is full", () => {
    expect(MAX_WITHOUT_DENIAL).toBe(7616);
    const granted = grantedForAnswerOf(MAX_WITHOUT_DENIAL, request);
    const allowed = policyAnswer(decidedOn(granted, request), request);
    expect(sizeOf(allowed)).toBe(MAX_WITHOUT_DENIAL);
    expect(verdict(allowed, "GET/v1/x")).toBe("allow");

    const refused = requestOf("rest", operationOf(512));
    const denied = policyAnswer(decidedOn(granted, refused), refused);
    expect(sizeOf(denied)).toBe(MAX_BYTES);
    expect(verdict(denied, operationOf(512))).toBe("explicit-deny");
    expect(verdict(denied, "GET/v1/x")).toBe("allow");
  });

  test.for([
    { asked: "an allowed call", operation: "GET/v1/x" },
    { asked: "a refused one, though its Deny would be short", operation: "PUT/" },
    { asked: "a refused one with the longest Deny", operation: operationOf(512) },
  ])("one byte more is no decision for $asked where the answer may be kept", ({ operation }) => {
    const asked = requestOf("rest", operation);
    const decided = decidedOn(grantedForAnswerOf(MAX_WITHOUT_DENIAL + 1, request), asked);
    const { code, detail } = faultOf(() => answerOf(decided, asked, api()));
    expect(code).toBe("POLICY_TOO_LARGE");
    expect(detail).toContain("prod-seoul/payments/billing");
    expect(detail).toContain("abc123");
  });

  test('one byte more is the asked call alone with "cached": false', () => {
    const granted = grantedForAnswerOf(MAX_WITHOUT_DENIAL + 1, request);
    const answer = policyAnswer(decidedOn(granted, request), request, { cached: false });
    expect(answer.policyDocument.Statement).toEqual([
      { Effect: "Allow", Action: "execute-api:Invoke", Resource: [`${STAGE}/GET/v1/x`] },
    ]);

    const refused = requestOf("rest", "GET/v2/x");
    const denied = policyAnswer(decidedOn(granted, refused), refused, { cached: false });
    expect(denied.policyDocument.Statement).toEqual([
      { Effect: "Deny", Action: "execute-api:Invoke", Resource: [`${STAGE}/GET/v2/x`] },
    ]);
  });

  test('what fits is the whole policy with "cached": false too', () => {
    const granted = grantedForAnswerOf(MAX_WITHOUT_DENIAL, request);
    const answer = policyAnswer(decidedOn(granted, request), request, { cached: false });
    expect(verdict(answer, "GET/v1/other")).toBe("allow");
  });

  test.for([
    { characters: 512, fits: true },
    { characters: 513, fits: false },
  ])("a resource of $characters characters fits: $fits", ({ characters, fits }) => {
    const path = "/".padEnd(characters - `${STAGE}/GET`.length, "x");
    const decided = decidedOn(granting({ allow: [READ, { ...READ, paths: [path] }] }), request);
    if (fits) expect(verdict(policyAnswer(decided, request), `GET${path}`)).toBe("allow");
    else expect(faultOf(() => answerOf(decided, request, api())).code).toBe("POLICY_TOO_LARGE");
  });
});

describe("no path that a client chooses ends in an error, or in an answer that is too large (S29)", () => {
  test.for([
    { what: "an ARN of 513 letters", fill: "e", characters: 513 },
    { what: "two bytes a letter", fill: "é", characters: 400 },
    { what: "control characters, six bytes each in JSON", fill: "\u0001", characters: 300 },
    { what: "quotes and backslashes", fill: '"\\', characters: 500 },
    { what: "emoji", fill: "\u{1f511}", characters: 700 },
    { what: "1,600 characters", fill: "ж", characters: 1600 },
  ])("$what", ({ fill, characters }) => {
    const operation = operationOf(characters, fill);
    const refused = requestOf("http-1.0", operation);
    const answer = policyAnswer(decidedOn(grantedForAnswerOf(MAX_WITHOUT_DENIAL, request), refused), refused);
    expect(sizeOf(answer)).toBeLessThanOrEqual(MAX_BYTES);
    expect(verdict(answer, operation)).toBe("explicit-deny");
    expect(verdict(answer, "GET/v1/x")).toBe("allow");
  });

  const longest = identityOf({
    namespace: "n".repeat(63),
    serviceAccount: "s".repeat(253),
    pod: { name: "p".repeat(253), uid: "u" },
    audience: "a".repeat(1024),
  });
  const signs = [
    "/",
    "x",
    "é",
    "\u{1f511}",
    "\u0000",
    "\u001f",
    "\u2028",
    "\ud800",
    '"',
    "\\",
    "*",
    "?",
    "$",
    "{",
    "%",
    "%20",
  ];
  const anyOperation = fc
    .tuple(
      fc.constantFrom("GET/v1/", "POST/", "GET/"),
      fc.array(fc.constantFrom(...signs), { maxLength: 6 }),
      fc.integer({ min: 0, max: 300 }),
    )
    .map(([start, parts, times]) => `${start}${parts.join("").repeat(times)}`);
  const grants = [0, MAX_WITHOUT_DENIAL, MAX_WITHOUT_DENIAL + 1, MAX_BYTES].map((bytes) =>
    bytes === 0 ? granting({ allow: [READ] }) : grantedForAnswerOf(bytes, request),
  );

  test("whatever it holds: what fits is told by the permissions alone, and the answer is within its bounds", () => {
    const seen = { answered: 0, tooLarge: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom(...grants),
        fc.constantFrom("rest", "http-1.0", "http-2.0"),
        fc.boolean(),
        fc.constantFrom(identityOf(), longest),
        anyOperation,
        (granted, kind, cached, identity, operation) => {
          const members = { cached, answers: "policy" };
          const answerTo = (asked: string) => {
            const request = requestOf(kind, asked);
            try {
              return answerOf(decidedOn(granted, request, identity), request, api(members));
            } catch (error) {
              return faultOf(() => {
                throw error;
              }).code;
            }
          };
          const answered = answerTo(operation);
          expect(typeof answered).toBe(typeof answerTo("GET/v1/x"));
          if (typeof answered === "string") {
            expect([answered, cached]).toEqual(["POLICY_TOO_LARGE", true]);
            seen.tooLarge++;
            return;
          }
          seen.answered++;
          const answer = answered.answer as PolicyAnswer;
          expect(sizeOf(answer)).toBeLessThanOrEqual(MAX_BYTES);
          for (const resource of answer.policyDocument.Statement.flatMap(({ Resource }) => Resource)) {
            expect(resource.length).toBeLessThanOrEqual(512);
          }
          const isAllowed = !isRefusal(answered.decided.decision);
          expect(verdict(answer, operation)).toBe(isAllowed ? "allow" : "explicit-deny");
        },
      ),
      { numRuns: 500 },
    );
    expect(seen.answered).toBeGreaterThan(50);
    expect(seen.tooLarge).toBeGreaterThan(50);
  });
});

describe("an allowed call that cannot be named is refused where it would have to stand alone (S29)", () => {
  test.for([
    { what: "a star", operation: "GET/v1/*" },
    { what: "a policy variable", operation: "GET/v1/\u0024{x}" },
    { what: "more than 512 characters", operation: `GET/v1/${"x".repeat(600)}` },
  ])("$what", ({ operation }) => {
    const asked = requestOf("rest", operation);
    const before = decidedOn(grantedForAnswerOf(MAX_WITHOUT_DENIAL + 1, request), asked);
    expect(before.decision.effect).toBe("allow");

    const { answer, decided } = answerOf(before, asked, api({ cached: false }));
    expect(decided).toMatchObject({ decision: { code: "ACCESS_NOT_ALLOWED" }, outcome: { effect: "refuse" } });
    expect(verdict(answer as PolicyAnswer, operation)).toBe("explicit-deny");
    expect(answer).toMatchObject({ policyDocument: { Statement: [{ Effect: "Deny" }] } });
  });

  test("with the whole policy it is what the rules say", () => {
    const asked = requestOf("rest", "GET/v1/*");
    const answer = policyAnswer(decidedOn(granting({ allow: [READ] }), asked), asked);
    expect(verdict(answer, "GET/v1/*")).toBe("allow");
    expect(answer.policyDocument.Statement.flatMap(({ Resource }) => Resource)).toEqual([`${STAGE}/GET/v1/*`]);
  });
});
