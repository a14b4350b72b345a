import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isRefusal } from "../../lib/errors.ts";
import type { PermissionSet } from "../../lib/permission/permission-set.ts";
import { granting, type PlainRule } from "../permission/documents.ts";
import { anyDocument } from "../permission/generators.ts";
import {
  answerOf,
  api,
  decidedOn,
  grantedForAnswerOf,
  type PolicyAnswer,
  READ,
  requestOf,
  STAGE,
  verdict,
} from "./answering.ts";

/** What is on record for a REST call with this operation, and what API Gateway does with the answer. */
function told(granted: PermissionSet, operation: string, members: object = {}) {
  const request = requestOf("rest", operation);
  const { answer, decided } = answerOf(decidedOn(granted, request), request, api(members));
  const { decision, outcome } = decided;
  return {
    recorded: isRefusal(decision) ? decision.code : "ALLOWED",
    isOutcomeOfDecision: isRefusal(decision) === (outcome === decision),
    does: verdict(answer as PolicyAnswer, operation),
    answer: answer as PolicyAnswer,
  };
}

interface Written {
  readonly allow: readonly string[];
  readonly deny?: readonly string[];
  readonly operation: string;
  readonly recorded: string;
}

function rules(paths: readonly string[]): PlainRule[] {
  return paths.length === 0 ? [] : [{ ...READ, paths }];
}

describe("a REST API compares the path as it was sent, and rules are about decoded ones", () => {
  test.for<Written>([
    { allow: ["/a b"], operation: "GET/a b", recorded: "ALLOWED" },
    { allow: ["/a b"], operation: "GET/a%20b", recorded: "ACCESS_NOT_ALLOWED" },
    { allow: ["/a*"], operation: "GET/a%20b", recorded: "ALLOWED" },
    { allow: ["/a?b"], operation: "GET/a%20b", recorded: "ACCESS_NOT_ALLOWED" },
    { allow: ["/a???b"], operation: "GET/a%20b", recorded: "ACCESS_NOT_ALLOWED" },
    { allow: ["/a?b", "/a???b"], operation: "GET/a%20b", recorded: "ALLOWED" },
    { allow: ["/v1/caf*"], operation: "GET/v1/caf%C3%A9", recorded: "ALLOWED" },
    { allow: ["/v1/caf?"], operation: "GET/v1/caf%C3%A9", recorded: "ACCESS_NOT_ALLOWED" },
    { allow: ["/v1/x"], operation: "GET/v1/%78", recorded: "ACCESS_NOT_ALLOWED" },
    { allow: ["*"], deny: ["/a b"], operation: "GET/a%20b", recorded: "ACCESS_DENIED" },
    { allow: ["*"], deny: ["/a???b"], operation: "GET/a b", recorded: "ALLOWED" },
    { allow: ["*"], deny: ["/a???b"], operation: "GET/a%20b", recorded: "ACCESS_NOT_ALLOWED" },
    { allow: ["*"], deny: ["/*20*"], operation: "GET/a%20b", recorded: "ACCESS_NOT_ALLOWED" },
    { allow: ["*"], operation: "GET/a%2Fb/%2E%2E/c", recorded: "PATH_AMBIGUOUS" },
    { allow: ["*"], operation: "GET/a%", recorded: "PATH_AMBIGUOUS" },
  ])("allow $allow, deny $deny: $operation is $recorded, and API Gateway does so", (row) => {
    const { allow, deny = [], operation, recorded } = row;
    const seen = told(granting({ allow: rules(allow), deny: rules(deny) }), operation);
    expect(seen).toMatchObject({ recorded, does: recorded === "ALLOWED" ? "allow" : "explicit-deny" });
    expect(seen.isOutcomeOfDecision).toBe(true);
  });

  test("an answer to an encoded path leaves every other call what it is", () => {
    const { answer } = told(granting({ allow: rules(["/a b", "/v1/*"]) }), "GET/a%20b");
    expect([verdict(answer, "GET/v1/x"), verdict(answer, "GET/a b"), verdict(answer, "GET/a%20c")]).toEqual([
      "allow",
      "allow",
      "implicit-deny",
    ]);
  });

  test("HTTP APIs send it decoded: nothing is compared twice", () => {
    const request = requestOf("http-1.0", "GET/a b");
    const granted = granting({ allow: rules(["/a b"]) });
    const { answer, decided } = answerOf(decidedOn(granted, request), request, api());
    expect(decided.decision.effect).toBe("allow");
    expect(verdict(answer as PolicyAnswer, "GET/a b")).toBe("allow");
  });

  test("a WebSocket has no path", () => {
    const request = requestOf("websocket", "$connect");
    const granted = granting({ allow: [{ ...READ, methods: ["CONNECT"], paths: ["/"] }] });
    const { answer, decided } = answerOf(decidedOn(granted, request), request, api());
    expect(decided.decision.effect).toBe("allow");
    expect(verdict(answer as PolicyAnswer, "$connect")).toBe("allow");
  });

  test('alone, with "cached": false, an allowed call is named as it was sent', () => {
    const { paths = [] } = grantedForAnswerOf(8192, requestOf("rest", "GET/v1/x")).documents[0]?.allow[1] ?? {};
    const granted = granting({ allow: [READ, { ...READ, paths: [...paths, "/a b"] }] });
    const { recorded, does, answer } = told(granted, "GET/a%20b", { cached: false });
    expect({ recorded, does }).toEqual({ recorded: "ALLOWED", does: "allow" });
    expect(answer.policyDocument.Statement).toMatchObject([{ Effect: "Allow", Resource: [`${STAGE}/GET/a%20b`] }]);
  });
});

/** Few characters, so that rules and paths meet; each sent as it is, or encoded. */
const piece = fc.constantFrom(
  "/",
  "v1",
  "a",
  " ",
  "é",
  "2",
  "20",
  ".x",
  "+",
  "%20",
  "%2520",
  "%61",
  "%76%31",
  "%C3%A9",
  "%2F",
);
const encodedPath = fc
  .array(piece, { minLength: 1, maxLength: 6 })
  .map((pieces) => `/${pieces.join("").replaceAll("é", "%C3%A9")}`);
const pattern = fc
  .array(fc.constantFrom("/", "v1", "a", " ", "20", "2", ".x", "+", "?", "??", "*"), { maxLength: 5 })
  .map((pieces) => `/${pieces.join("")}`.replace(/\/+/g, "/"));
const patterns = fc.array(pattern, { minLength: 1, maxLength: 3 });
const anyRules = fc
  .record({ allow: patterns, deny: fc.oneof(fc.constant([]), patterns) })
  .map(({ allow, deny }) => ({ allow: rules(allow), deny: rules(deny) }));

test("what is on record is what API Gateway does with the answer, however a path is encoded (property)", () => {
  const seen = { allowed: 0, byEncoding: 0 };
  fc.assert(
    fc.property(anyRules, fc.array(anyDocument, { maxLength: 1 }), encodedPath, (own, documents, path) => {
      const { recorded, does, isOutcomeOfDecision } = told(granting(own, ...documents), `GET${path}`);
      expect(does).toBe(recorded === "ALLOWED" ? "allow" : "explicit-deny");
      expect(isOutcomeOfDecision).toBe(true);
      if (!path.includes("%")) return;
      if (recorded === "ALLOWED") seen.allowed++;
      if (recorded === "ACCESS_NOT_ALLOWED") seen.byEncoding++;
    }),
    { numRuns: 2000 },
  );
  // Otherwise no rule met an encoded path, and nothing was compared.
  expect(seen.allowed).toBeGreaterThan(20);
  expect(seen.byEncoding).toBeGreaterThan(50);
});
