import { describe, expect, test } from "vitest";
import { isAdmitted, isPrincipalPattern } from "../../lib/permission/principal-pattern.ts";

describe("a principal pattern has three parts of Kubernetes names and stars", () => {
  test.for([
    ["prod/payments/billing", true],
    ["prod/payments/*", true],
    ["*/*/*", true],
    ["prod-*/pay*ments/bill*.v1", true],
    ["p/n/s", true],
    ["1/2/3", true],
    ["", false],
    ["*", false],
    ["prod/payments", false],
    ["prod/payments/billing/x", false],
    ["prod/payments/", false],
    ["/payments/billing", false],
    ["prod//billing", false],
    ["Prod/payments/billing", false],
    ["prod/payments/billing\n", false],
    [" prod/payments/billing", false],
    ["prod/pay.ments/billing", false],
    ["pro.d/payments/billing", false],
    ["prod/payments/bill?ng", false],
    ["prod/_all/billing", false],
    ["-prod/payments/billing", false],
    ["prod/payments/.billing", false],
  ] as const)("%j: %s", ([pattern, verdict]) => {
    expect(isPrincipalPattern(pattern)).toBe(verdict);
  });

  test.for([
    [512, true],
    [513, false],
  ] as const)("of %d characters: %s", ([length, verdict]) => {
    expect(isPrincipalPattern("p/n/".padEnd(length, "b"))).toBe(verdict);
  });
});

describe("a principal is admitted by a pattern that covers each of its parts", () => {
  const billing = { cluster: "prod-seoul", namespace: "payments", serviceAccount: "billing.v1" };

  test.for([
    [["prod-seoul/payments/billing.v1"], true],
    [["*/*/*"], true],
    [["prod-*/payments/*"], true],
    [["other/x/y", "prod-seoul/payments/billing.*"], true],
    [["prod-seoul/payments/billing"], false],
    [["prod/payments/billing.v1"], false],
    [["seoul/payments/billing.v1"], false],
    [["prod-seoul/pay/billing.v1"], false],
    [["prod-seoul/*/bill"], false],
    // A star stays inside its part: two of them are not three parts.
    [["prod-seoul/*/payments"], false],
    [["prod-seoul*/v1/*"], false],
    [[], false],
    // No pattern that is stored, and nobody's.
    [["*/*"], false],
    [["*/*/*/*"], false],
    [["*"], false],
  ] as const)("%j: %s", ([patterns, verdict]) => {
    expect(isAdmitted(billing, patterns)).toBe(verdict);
  });
});
