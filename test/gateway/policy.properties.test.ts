import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExecuteApiArn } from "../../lib/gateway/execute-api-arn.ts";
import { denyingAsked, type PolicyDocument, wholePolicy } from "../../lib/gateway/policy.ts";
import { type Access, METHODS } from "../../lib/permission/permission.ts";
import type { PermissionSet } from "../../lib/permission/permission-set.ts";
import { evaluatePolicy } from "../../offline/api-gateway/policy-evaluation.ts";
import { granting } from "../permission/documents.ts";
import { anyAccess, anyDocument, anyRule, isAllowed } from "../permission/generators.ts";

const API = "arn:aws:execute-api:us-east-1:123456789012:a1";
const STAGE = `${API}/d`;
const VERBS = METHODS.filter((method) => method !== "CONNECT");

function arnOf({ method, path }: Pick<Access, "method" | "path">): string {
  return `${STAGE}/${method}${path}`;
}

/** The policy that is answered to this access on a REST or HTTP API. */
function policyFor(granted: PermissionSet, access: Access): PolicyDocument {
  const asked = { arn: parseExecuteApiArn(arnOf(access)), access, websocket: false };
  const whole = wholePolicy(granted, asked);
  return isAllowed(granted, access) ? whole : denyingAsked(whole, asked.arn);
}

/** Whether API Gateway lets a call with this ARN pass. */
function lets(policy: PolicyDocument, arn: string): boolean {
  const result = evaluatePolicy(policy, "execute-api:Invoke", arn);
  // Larger than an answer may be, or a resource that is: such a policy is never sent (see authorizer-answer).
  fc.pre(result.verdict !== "invalid" || JSON.stringify(policy).length < 8192);
  return result.verdict === "allow";
}

const anyGranted = fc.array(anyDocument, { maxLength: 3 }).map((documents) => granting(...documents));
const anyCall = anyAccess
  .filter(({ method }) => method !== "CONNECT")
  .map((access) => ({ ...access, service: "orders" }));

/** Paths that mean something to a policy, or two things to two readers. */
const hostilePath = fc
  .array(
    fc.constantFrom("/", "v1", "a", "*", "?", "$", "{", "}", "%2F", "..", ";", "\u{1f511}", "\r\n", "x".repeat(200)),
    {
      maxLength: 8,
    },
  )
  .map((parts) => `/${parts.join("")}`);

describe("the policy, as API Gateway evaluates it, is the decision (S26)", () => {
  test("for the call that it was asked about", () => {
    fc.assert(
      fc.property(anyGranted, anyCall, (granted, asked) => {
        expect(lets(policyFor(granted, asked), arnOf(asked))).toBe(isAllowed(granted, asked));
      }),
      { numRuns: 1000 },
    );
  });

  test("for every other call, by every method, while API Gateway keeps it", () => {
    let allowed = 0;
    fc.assert(
      fc.property(anyGranted, anyCall, anyCall, (granted, asked, { path }) => {
        const policy = policyFor(granted, asked);
        for (const method of VERBS) {
          const other = { service: "orders", method, path };
          const verdict = lets(policy, arnOf(other));
          expect(verdict).toBe(isAllowed(granted, other));
          if (verdict) allowed++;
        }
      }),
      { numRuns: 1000 },
    );
    // Otherwise the rules and the calls did not meet, and nothing was compared.
    expect(allowed).toBeGreaterThan(300);
  });

  test("for a call with a hostile path, which is never let pass when it is refused", () => {
    fc.assert(
      fc.property(anyGranted, hostilePath, fc.constantFrom(...VERBS, "TRACE"), (granted, path, method) => {
        const asked = { service: "orders", method, path };
        if (!isAllowed(granted, asked)) expect(lets(policyFor(granted, asked), arnOf(asked))).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  test("and after a hostile one it never lets pass what is refused", () => {
    fc.assert(
      fc.property(anyGranted, hostilePath, anyCall, (granted, path, other) => {
        const policy = policyFor(granted, { service: "orders", method: other.method, path });
        if (lets(policy, arnOf(other))) expect(isAllowed(granted, other)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("for no other stage, API, account or region", () => {
    fc.assert(
      fc.property(anyGranted, anyCall, (granted, asked) => {
        const policy = policyFor(granted, asked);
        for (const elsewhere of [
          `${API}/d2`,
          `${API}2/d`,
          STAGE.replace("us-east-1", "us-east-2"),
          STAGE.replace("2:", "3:"),
        ]) {
          expect(lets(policy, `${elsewhere}/${asked.method}${asked.path}`)).toBe(false);
        }
      }),
    );
  });

  test("for a WebSocket's $connect, and for nothing else there", () => {
    const access = { service: "orders", method: "CONNECT", path: "/" };
    const arn = parseExecuteApiArn(`${STAGE}/$connect`);
    let allowed = 0;
    fc.assert(
      fc.property(anyGranted, anyCall, (granted, other) => {
        const verdict = isAllowed(granted, access);
        const whole = wholePolicy(granted, { arn, access, websocket: true });
        const policy = verdict ? whole : denyingAsked(whole, arn);
        expect(lets(policy, arn.text)).toBe(verdict);
        expect(lets(policy, arnOf(other))).toBe(false);
        if (verdict) allowed++;
      }),
      { numRuns: 1000 },
    );
    expect(allowed).toBeGreaterThan(30);
  });
});

describe("permissions add up in a policy too", () => {
  test("granting more never takes a call away, denying more never gives one", () => {
    fc.assert(
      fc.property(
        fc.array(anyDocument, { maxLength: 2 }),
        anyRule,
        anyCall,
        anyCall,
        (documents, rule, asked, other) => {
          const before = lets(policyFor(granting(...documents), asked), arnOf(other));
          const granted = lets(policyFor(granting(...documents, { allow: [rule] }), asked), arnOf(other));
          const denied = lets(policyFor(granting(...documents, { deny: [rule] }), asked), arnOf(other));
          expect(granted || !before).toBe(true);
          expect(before || !denied).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});
