import { type Difference, guide, reported, UNVERIFIED } from "./difference.ts";

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
  {
    id: "integration-parameter-rest",
    compared: "REST: `pathParameters` of `/token/a%2Fb`, as the integration gets them",
    source: "paths-rest",
    aws: "a%2Fb",
    plain: "a/b",
    probe: async (caller) => (await caller.get("/dev/token/a%2Fb", "allow")).json().pathParameters?.["id"] ?? "absent",
  },
  {
    id: "integration-path-rest",
    compared: "REST: `path` of `/token/%7Ea`, as the integration gets it",
    source: "paths-rest",
    aws: "/token/%7Ea",
    plain: "/token/~a",
    probe: async (caller) => (await caller.get("/dev/token/%7Ea", "allow")).json().path ?? "absent",
  },
  {
    id: "integration-path-http",
    compared: "HTTP API: `rawPath` of `/policy/a%20b`, as the integration gets it",
    source: "paths-http-api",
    aws: "/policy/a b",
    plain: "/policy/a%20b",
    probe: async (caller) => (await caller.get("/policy/a%20b", "allow")).json().rawPath ?? "absent",
  },
  {
    id: "integration-parameter-http",
    compared: "HTTP API: `pathParameters` of `/policy/a%3Fb`, as the integration gets them",
    source: "paths-http-api",
    aws: "a",
    plain: "a?b",
    probe: async (caller) => (await caller.get("/policy/a%3Fb", "allow")).json().pathParameters?.["id"] ?? "absent",
  },
  {
    id: "integration-query-http",
    compared: "HTTP API: `rawQueryString` of `?a=%20&b`, as the integration gets it",
    source: reported("https://github.com/hotsock/voker/tree/main/vokerhttp/testdata"),
    aws: "a=%20&b",
    plain: "a=+&b=",
    probe: async (caller) => (await caller.get("/policy/{id}?a=%20&b", "allow")).json().rawQueryString ?? "absent",
  },
  {
    id: "integration-repeated-header",
    compared: "HTTP API: a header that is sent twice, as the integration gets it",
    source: HTTP_PROXY,
    aws: "one,two",
    plain: "two",
    probe: async (caller) => {
      const answer = await caller.get("/policy/{id}", "allow", { headers: ["X-Part", "one", "x-part", "two"] });
      return answer.json().headers["x-part"] ?? "absent";
    },
  },
  {
    id: "integration-cookies",
    compared: "HTTP API: two cookies, as the integration gets them",
    source: HTTP_PROXY,
    aws: "in cookies",
    plain: "in cookies, in headers",
    probe: async (caller) => {
      const answer = await caller.get("/policy/{id}", "allow", { headers: ["Cookie", "a=1; b=2"] });
      const { cookies, headers } = answer.json();
      const places = [cookies?.join() === "a=1,b=2" && "in cookies", "cookie" in headers && "in headers"];
      return places.filter(Boolean).join(", ");
    },
  },
];
