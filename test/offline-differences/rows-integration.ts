import { type Difference, guide, UNVERIFIED } from "./difference.ts";

const REST_PROXY = guide("set-up-lambda-proxy-integrations");
const HTTP_PROXY = guide("http-api-develop-integrations-lambda");

const OVERRIDE = JSON.stringify({ lambda: { user: "admin" }, user: "admin" });

/** What the function behind the authorizer is told. */
export const INTEGRATION: readonly Difference[] = [
  {
    id: "context-number",
    compared: "HTTP API 2.0, policy: a number in the context",
    source: "context-structured",
    aws: "number",
    plain: "string",
    probe: async (caller) => {
      const { requestContext } = (await caller.get("/policy/{id}", "number-in-context")).json();
      return typeof requestContext.authorizer?.lambda?.["number"];
    },
  },
  {
    id: "context-list",
    compared: "HTTP API 2.0, policy: a list in the context",
    source: "context-structured",
    aws: "200",
    plain: "500",
    probe: async (caller) => String((await caller.get("/policy/{id}", "list-in-context")).status),
  },
  {
    id: "unverified-claims",
    compared: "REST: the claims of a token that nobody verified, in `requestContext.authorizer.claims`",
    source: REST_PROXY,
    aws: "absent",
    plain: "there",
    probe: async (caller) => {
      const { requestContext } = (await caller.get("/dev/token/{id}", UNVERIFIED)).json();
      return requestContext.authorizer?.["claims"] === undefined ? "absent" : "there";
    },
  },
  {
    id: "override-header",
    compared: "REST: a client sends `sls-offline-authorizer-override`; does it replace the context?",
    source: REST_PROXY,
    aws: "no",
    plain: "yes",
    probe: async (caller) => {
      const answer = await caller.get("/dev/token/{id}", "environment", {
        headers: ["sls-offline-authorizer-override", OVERRIDE],
      });
      return answer.json().requestContext.authorizer?.["user"] === "admin" ? "yes" : "no";
    },
  },
  {
    id: "override-header-http",
    compared: "HTTP API: a client sends `sls-offline-authorizer-override`; does it replace the context?",
    source: HTTP_PROXY,
    aws: "no",
    plain: "yes",
    probe: async (caller) => {
      const answer = await caller.get("/simple/{id}", "permit", {
        headers: ["sls-offline-authorizer-override", OVERRIDE],
      });
      return answer.json().requestContext.authorizer?.lambda?.["user"] === "admin" ? "yes" : "no";
    },
  },
  {
    id: "challenge-renamed",
    compared: "REST: the function answers with `WWW-Authenticate`; what the client gets",
    source: "headers-rest",
    aws: "x-amzn-remapped-www-authenticate",
    plain: "www-authenticate",
    probe: async (caller) => {
      const { headers } = await caller.get("/dev/token/{id}", "environment");
      return Object.keys(headers)
        .filter((name) => name.includes("authenticate"))
        .join(", ");
    },
  },
];
