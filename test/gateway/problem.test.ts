import { describe, expect, test } from "vitest";
import { type ForwardFailureCode, REFUSALS, type RefusalCode, refuse } from "../../lib/errors.ts";
import { httpAnswer, problemAnswer } from "../../lib/gateway/http-answer.ts";
import { PUBLIC_CODES, PUBLIC_PROBLEMS, type PublicCode } from "../../lib/gateway/problem.ts";

const codes = Object.keys(PUBLIC_CODES) as (keyof typeof PUBLIC_CODES)[];
const refusals = Object.keys(REFUSALS) as RefusalCode[];
const BEFORE_THE_SIGNATURE_HELD = ["transport", "shape", "issuer", "key", "signature"];

describe("every internal code has one public problem", () => {
  test.for(refusals)("%s has the status of its refusal", (code) => {
    expect(PUBLIC_PROBLEMS[PUBLIC_CODES[code]].status).toBe(REFUSALS[code].status);
  });

  const uncalled: Record<ForwardFailureCode, number> = {
    REQUEST_MALFORMED: 400,
    REQUEST_TOO_LARGE: 413,
    SECRET_UNAVAILABLE: 502,
    CREDENTIAL_FAILED: 502,
    SERVICE_ADDRESS_REFUSED: 502,
    SERVICE_UNREACHABLE: 502,
    SERVICE_TLS_FAILED: 502,
    SERVICE_TIMEOUT: 504,
    SERVICE_ANSWER_BROKEN: 502,
    SERVICE_ANSWER_TOO_LARGE: 502,
  };

  test.for(codes.filter((code) => !(code in REFUSALS) && !(code in uncalled)))("%s, no decision, is 503", (code) => {
    expect(PUBLIC_CODES[code]).toBe("UNAVAILABLE");
  });

  test.for(Object.entries(uncalled))("%s, an allowed call that was not made, is %i", ([code, status]) => {
    expect(PUBLIC_PROBLEMS[PUBLIC_CODES[code as ForwardFailureCode]].status).toBe(status);
  });

  test("before the signature is verified there is one code, but for a token that is missing (S32)", () => {
    const early = refusals.filter((code) => BEFORE_THE_SIGNATURE_HELD.includes(REFUSALS[code].step));
    expect(early.length).toBeGreaterThan(15);
    for (const code of early) expect(PUBLIC_CODES[code]).toBe(code === "TOKEN_MISSING" ? code : "TOKEN_INVALID");
  });

  test.for(refusals.filter((code) => REFUSALS[code].status === 403))("%s tells a caller no more than that", (code) => {
    expect(PUBLIC_CODES[code]).toBe("FORBIDDEN");
  });
});

describe("a problem's answer", () => {
  const detail = "issuer https://issuer.example.com key k1 parameter /podgate/prod/permissions/_all";

  test.for(codes)("of %s is constant, short, and says nothing of what was found (S32)", (code) => {
    const answer = problemAnswer({ code }, "decision-1", false);
    const problem = PUBLIC_CODES[code];
    const { status, title } = PUBLIC_PROBLEMS[problem];

    expect(answer.statusCode).toBe(status);
    expect(JSON.parse(answer.body)).toEqual({ type: `urn:podgate:problem:${problem}`, title, status, code: problem });
    expect(Buffer.byteLength(answer.body)).toBeLessThanOrEqual(256);
    if (code in REFUSALS) {
      const refusal = refuse(code as RefusalCode, detail, {
        rule: "/p#deny[0]",
        compared: { actual: "a", expected: "b" },
      });
      expect(problemAnswer(refusal, "decision-1", false)).toEqual(answer);
    }
  });

  test.for([
    ["TOKEN_MISSING", "Bearer"],
    ["TOKEN_MALFORMED", 'Bearer error="invalid_token"'],
    ["TOKEN_EXPIRED", 'Bearer error="invalid_token"'],
    ["ACCESS_DENIED", 'Bearer error="insufficient_scope"'],
    ["API_UNKNOWN", 'Bearer error="insufficient_scope"'],
    ["PARAMETERS_UNAVAILABLE", undefined],
  ] as const)("of %s has the challenge %s (RFC 6750 §3, S23)", ([code, challenge]) => {
    expect(problemAnswer({ code }, "decision-1", false).headers?.["WWW-Authenticate"]).toBe(challenge);
  });

  test("names the decision, and is not to be stored", () => {
    expect(problemAnswer({ code: "ACCESS_DENIED" }, "decision-1", false)).toMatchObject({
      headers: {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        "Podgate-Decision": "decision-1",
        "Podgate-Error": "FORBIDDEN",
      },
      isBase64Encoded: false,
    });
  });

  test("has its headers in the map that the event came with, and in no other", () => {
    const answer = problemAnswer({ code: "TOKEN_MISSING" }, "decision-1", true);
    expect(answer).not.toHaveProperty("headers");
    expect(answer.multiValueHeaders).toMatchObject({
      "WWW-Authenticate": ["Bearer"],
      "Podgate-Decision": ["decision-1"],
    });
    expect(problemAnswer({ code: "TOKEN_MISSING" }, "decision-1", false)).not.toHaveProperty("multiValueHeaders");
  });
});

test("the list of public codes is closed", () => {
  const listed: Record<PublicCode, number> = {
    TOKEN_MISSING: 401,
    TOKEN_INVALID: 401,
    TOKEN_AUDIENCE: 401,
    TOKEN_EXPIRED: 401,
    TOKEN_NOT_YET_VALID: 401,
    TOKEN_LIFETIME: 401,
    TOKEN_REVOKED: 401,
    TOKEN_NOT_BOUND: 401,
    FORBIDDEN: 403,
    UNAVAILABLE: 503,
    REQUEST_INVALID: 400,
    REQUEST_TOO_LARGE: 413,
    CREDENTIAL_UNAVAILABLE: 502,
    SERVICE_UNREACHABLE: 502,
    SERVICE_ANSWER_INVALID: 502,
    SERVICE_TIMEOUT: 504,
  };
  expect(Object.fromEntries(Object.entries(PUBLIC_PROBLEMS).map(([code, { status }]) => [code, status]))).toEqual(
    listed,
  );
  expect(new Set(Object.values(PUBLIC_CODES))).toEqual(new Set(Object.keys(listed)));
});

test("an answer is JSON with its own headers over the usual ones", () => {
  expect(httpAnswer(200, { a: 1 }, { "Content-Type": "text/plain" }, false)).toEqual({
    statusCode: 200,
    headers: { "Content-Type": "text/plain", "Cache-Control": "no-store" },
    body: '{"a":1}',
    isBase64Encoded: false,
  });
});
