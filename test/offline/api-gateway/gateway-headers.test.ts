import { expect, test } from "vitest";
import { gatewayHeaders } from "../../../offline/api-gateway/gateway-headers.ts";

/** "Important notes for REST APIs", the table's column Response for Lambda integrations. */
const RENAMED = [
  "Authorization",
  "Connection",
  "Content-MD5",
  "Date",
  "Max-Forwards",
  "Server",
  "User-Agent",
  "WWW-Authenticate",
];
const DROPPED = ["Expect", "Host", "Proxy-Authenticate", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Via"];
const PASSED = [
  "Accept",
  "Accept-Charset",
  "Accept-Encoding",
  "Age",
  "Content-Encoding",
  "Content-Length",
  "Content-Type",
  "Pragma",
  "Range",
  "Referer",
  "Warn",
  "Podgate-Decision",
  "toString",
];

const spellings = (names: string[]) => names.flatMap((name) => [name, name.toLowerCase(), name.toUpperCase()]);

test.for(spellings(RENAMED))("REST: %s is renamed", (name) => {
  expect(gatewayHeaders("rest", { [name]: "1" })).toEqual({ [`x-amzn-remapped-${name.toLowerCase()}`]: "1" });
});

test.for(spellings(DROPPED))("REST: %s is dropped", (name) => {
  expect(gatewayHeaders("rest", { [name]: "1", "X-Other": "2" })).toEqual({ "X-Other": "2" });
});

test.for(spellings(PASSED))("REST: %s passes in its spelling", (name) => {
  expect(gatewayHeaders("rest", { [name]: ["1", "2"] })).toEqual({ [name]: ["1", "2"] });
});

test.for(["function-url", "http-2.0", "alb"] as const)(
  "%s: but for the challenge of a Function URL all pass",
  (kind) => {
    const names = [...RENAMED, ...DROPPED, ...PASSED].filter((name) => name !== "WWW-Authenticate");
    const headers = Object.fromEntries(names.map((name) => [name, "1"]));
    expect(gatewayHeaders(kind, headers)).toEqual(headers);
  },
);
