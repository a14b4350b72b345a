import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";

/** The execution environment that answers. */
const ENVIRONMENT = randomUUID();

/** An authorizer that does what its token says: `Bearer <behaviour>.<anything>`. Keeps every event that it was given. */
export async function handler(event) {
  appendFileSync(process.env.ASKED_FILE, `${JSON.stringify(event)}\n`);
  const [, behaviour = ""] = /^Bearer ([a-z-]+)\./.exec(tokenOf(event)) ?? [];
  return (BEHAVIOURS[behaviour] ?? unauthorized)(event);
}

function tokenOf({ authorizationToken, headers = {} }) {
  const [, header = ""] = Object.entries(headers).find(([name]) => name.toLowerCase() === "authorization") ?? [];
  return authorizationToken ?? header;
}

function unauthorized() {
  throw new Error("Unauthorized");
}

/** A policy of this statement, and what an answer may have beside it. */
function answer(statement, more = {}) {
  const allowed = { Effect: "Allow", Action: "execute-api:Invoke", Resource: "*", ...statement };
  return { principalId: "caller", policyDocument: { Version: "2012-10-17", Statement: [allowed] }, ...more };
}

/** `arn:aws:execute-api:<region>:<account>:<api>`, `<stage>`, `<method>` and the path without its first slash. */
function partsOf(event) {
  const [api, stage, method, ...path] = (event.methodArn ?? event.routeArn).split("/");
  return { api, stage, method, path: path.join("/") };
}

const BEHAVIOURS = {
  unauthorized,
  allow: () => answer({}),
  permit: () => ({ isAuthorized: true }),
  refuse: () => ({ isAuthorized: false }),
  environment: () => answer({}, { context: { environment: ENVIRONMENT } }),

  // Ways to end
  throws: () => {
    throw new Error("database is down");
  },
  "returns-unauthorized": () => "Unauthorized",
  nothing: () => undefined,
  "no-principal": () => ({ ...answer({}), principalId: undefined }),
  "no-policy": () => ({ principalId: "caller" }),
  "text-false": () => ({ isAuthorized: "false" }),
  "no-verdict": () => ({ context: {} }),
  "long-context": () => answer({}, { context: { text: "x".repeat(8192) } }),

  // Policies
  "no-match": (event) => answer({ Resource: `${partsOf(event).api}/other/*` }),
  "explicit-deny": (event) => {
    const policy = answer({});
    policy.policyDocument.Statement.push({
      Effect: "Deny",
      Action: "execute-api:Invoke",
      Resource: event.methodArn ?? event.routeArn,
    });
    return policy;
  },
  "other-action": () => answer({ Action: "s3:GetObject" }),
  "not-action": () => answer({ Action: undefined, NotAction: "execute-api:Invoke" }),
  "not-resource": () => answer({ Resource: undefined, NotResource: "arn:aws:execute-api:us-east-1:*:other/*" }),
  "other-address": () => answer({ Condition: { IpAddress: { "aws:SourceIp": "203.0.113.0/24" } } }),
  "lower-case-effect": () => answer({ Effect: "allow" }),
  "one-statement": () => {
    const { policyDocument, ...rest } = answer({});
    return { ...rest, policyDocument: { ...policyDocument, Statement: policyDocument.Statement[0] } };
  },
  // A dot is a dot, though it is any character in a regular expression.
  "dot-in-resource": (event) => {
    const { api, stage, method, path } = partsOf(event);
    return answer({ Resource: `${api}/${stage}/${method}/${path.replace(/^t/, ".")}*` });
  },
  "no-stage": (event) => {
    const { api, method } = partsOf(event);
    return answer({ Resource: `${api}/${method}/*` });
  },
  "region-wildcard": (event) => answer({ Resource: `${partsOf(event).api.replace("us-east-1", "us-*")}/*` }),
  "long-resource": () => answer({ Resource: ["*", `arn:aws:execute-api:us-east-1:*:${"x".repeat(512)}`] }),

  // Contexts
  "list-in-context": () => answer({}, { context: { list: ["a", "b"] } }),
  "number-in-context": () => answer({}, { context: { number: 7 } }),
};
