import { describe, expect, test } from "vitest";
import { formatPrincipal, isDnsLabel, isDnsSubdomain } from "../lib/names.ts";

const NAMES: readonly { name: unknown; what: string; label: boolean; subdomain: boolean }[] = [
  { what: "one letter", name: "a", label: true, subdomain: true },
  { what: "one digit", name: "7", label: true, subdomain: true },
  { what: "a hyphen inside", name: "a-b", label: true, subdomain: true },
  { what: "two hyphens inside", name: "a--b", label: true, subdomain: true },
  { what: "63 characters", name: "a".repeat(63), label: true, subdomain: true },
  { what: "64 characters", name: "a".repeat(64), label: false, subdomain: true },
  { what: "253 characters", name: "a".repeat(253), label: false, subdomain: true },
  { what: "254 characters", name: "a".repeat(254), label: false, subdomain: false },
  { what: "253 characters in labels", name: `${"a.".repeat(126)}a`, label: false, subdomain: true },
  { what: "255 characters in labels", name: `${"a.".repeat(127)}a`, label: false, subdomain: false },
  { what: "a dot inside", name: "a.b", label: false, subdomain: true },
  { what: "nothing", name: "", label: false, subdomain: false },
  { what: "a dot first", name: ".a", label: false, subdomain: false },
  { what: "a dot last", name: "a.", label: false, subdomain: false },
  { what: "two dots", name: "a..b", label: false, subdomain: false },
  { what: "a hyphen first", name: "-a", label: false, subdomain: false },
  { what: "a hyphen last", name: "a-", label: false, subdomain: false },
  { what: "a hyphen before a dot", name: "a-.b", label: false, subdomain: false },
  { what: "a hyphen after a dot", name: "a.-b", label: false, subdomain: false },
  { what: "an upper-case letter", name: "A", label: false, subdomain: false },
  { what: "an underscore", name: "_all", label: false, subdomain: false },
  { what: "a slash", name: "a/b", label: false, subdomain: false },
  { what: "a colon", name: "a:b", label: false, subdomain: false },
  { what: "a wildcard", name: "*", label: false, subdomain: false },
  { what: "a letter beyond ASCII", name: "ä", label: false, subdomain: false },
  { what: "a line feed at the end", name: "a\n", label: false, subdomain: false },
  { what: "a line feed inside", name: "a\nb", label: false, subdomain: false },
  { what: "a NUL", name: "a\0", label: false, subdomain: false },
  { what: "a number", name: 7, label: false, subdomain: false },
  { what: "a list of a name", name: ["a"], label: false, subdomain: false },
  { what: "null", name: null, label: false, subdomain: false },
  { what: "undefined", name: undefined, label: false, subdomain: false },
];

describe("Kubernetes names (k8s.io/apimachinery pkg/util/validation)", () => {
  test.for(NAMES)("$what: label $label, subdomain $subdomain", ({ name, label, subdomain }) => {
    expect(isDnsLabel(name)).toBe(label);
    expect(isDnsSubdomain(name)).toBe(subdomain);
  });
});

test("a principal is written cluster/namespace/serviceaccount", () => {
  const principal = { cluster: "prod-seoul", namespace: "payments", serviceAccount: "checkout.v2" };

  expect(formatPrincipal(principal)).toBe("prod-seoul/payments/checkout.v2");
});
