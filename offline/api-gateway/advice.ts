import { isSizeLimited, UNAUTHORIZED } from "./authorizer-answer.ts";
import { callArn, isHttpApi } from "./gateway-request.ts";
import { isRecord, jsonBytes } from "./json.ts";
import {
  allowingStatements,
  isFailure,
  type Observation,
  patternsOf,
  returnedObject,
  statementsOf,
  takesSimple,
  threw,
  threwRefusal,
} from "./observation.ts";
import { ANSWER_MAX_BYTES, coversAction, coversResource, INVOKE } from "./policy-evaluation.ts";
import { crossesIntoPath, isEverything, methodAndPath, readable, withoutCredentials } from "./policy-resource.ts";

export interface Advice {
  /** Stable: the same mistake has the same cause, whatever the call is. */
  readonly cause: string;
  /** What is wrong and how it is mended, in one line; holds no credential of the call. */
  readonly line: string;
  /** Whether this is why the call was answered 500. */
  readonly explainsFailure: boolean;
}

/** A classic mistake. Its line says what is wrong, then how it is mended. */
interface Mistake {
  readonly cause: string;
  readonly explainsFailure: boolean;
  /** What is wrong, or `undefined` where this call does not show the mistake. */
  readonly wrong: (seen: Observation) => string | undefined;
  readonly mend: string;
}

const MISTAKES: readonly Mistake[] = [
  {
    cause: "cached-policy-of-another-call",
    explainsFailure: false,
    wrong: cachedForAnotherCall,
    mend: "answer with every ARN that the caller may call, or set resultTtlInSeconds to 0",
  },
  {
    cause: "thrown-text",
    explainsFailure: true,
    wrong: ({ request, ...seen }) =>
      isHttpApi(request.kind) || !threwRefusal(seen) || threw(seen) === UNAUTHORIZED
        ? undefined
        : "the authorizer threw a text that is not exactly Unauthorized, which is 500 and not 401",
    mend: 'throw new Error("Unauthorized")',
  },
  {
    cause: "thrown-failure",
    explainsFailure: false,
    wrong: ({ request, ...seen }) =>
      isHttpApi(request.kind) || threw(seen) === undefined || threwRefusal(seen)
        ? undefined
        : "the authorizer threw something other than exactly Unauthorized, which is 500",
    mend: 'if that refuses the caller, throw new Error("Unauthorized"); if nothing could be decided, 500 is right',
  },
  {
    cause: "http-api-thrown-refusal",
    explainsFailure: true,
    wrong: ({ request, decision, ...seen }) =>
      isHttpApi(request.kind) && isFailure(decision) && threwRefusal(seen)
        ? "the authorizer of an HTTP API threw to refuse a call; AWS documents no 401 for that, only 500"
        : undefined,
    mend: "answer isAuthorized false or a Deny, which is 403",
  },
  {
    cause: "http-api-thrown-failure",
    explainsFailure: false,
    wrong: ({ request, ...seen }) =>
      isHttpApi(request.kind) && threw(seen) !== undefined && !threwRefusal(seen)
        ? "the authorizer of an HTTP API threw, which is 500 and not 401"
        : undefined,
    mend: "if that refuses the caller, answer isAuthorized false or a Deny, which is 403; if nothing could be decided, 500 is right",
  },
  {
    cause: "returned-refusal",
    explainsFailure: true,
    wrong: ({ decision, invocation }) => {
      if (!isFailure(decision)) return undefined;
      const value = invocation?.outcome === "returned" ? invocation.value : undefined;
      const isRefusal = typeof value === "string" || (isRecord(value) && Object.hasOwn(value, "statusCode"));
      return isRefusal ? "the authorizer returned a text or an HTTP answer, which is 500 whatever it says" : undefined;
    },
    mend: 'throw new Error("Unauthorized") for 401 at REST and WebSocket APIs, or answer a Deny for 403',
  },
  {
    cause: "answer-too-large",
    explainsFailure: true,
    wrong: ({ request, invocation }) => {
      const bytes = invocation?.outcome === "returned" ? jsonBytes(invocation.value) : 0;
      if (bytes <= ANSWER_MAX_BYTES || !isSizeLimited(request.kind, request.settings)) return undefined;
      return `the authorizer's answer has ${bytes} bytes and API Gateway takes ${ANSWER_MAX_BYTES}`;
    },
    mend: "name several calls by one ARN that ends in a wildcard, and keep the context short",
  },
  {
    cause: "context-type",
    explainsFailure: true,
    wrong: contextOfWrongType,
    mend: "put it there as a text, by JSON.stringify, or leave it out",
  },
  {
    cause: "principal-missing",
    explainsFailure: true,
    wrong: (seen) => {
      const value = returnedObject(seen);
      if (value === undefined || takesSimple(seen) || !isFailure(seen.decision)) return undefined;
      const lacks = Object.hasOwn(value, "policyDocument") && !value["principalId"];
      return lacks ? "the authorizer answered a policy without a principalId" : undefined;
    },
    mend: "answer principalId too, a text that says who the caller is",
  },
  {
    cause: "policy-where-simple",
    explainsFailure: true,
    wrong: (seen) => {
      const value = returnedObject(seen);
      if (value === undefined || !takesSimple(seen) || !isFailure(seen.decision)) return undefined;
      const isPolicy = Object.hasOwn(value, "policyDocument") && !Object.hasOwn(value, "isAuthorized");
      return isPolicy ? "the authorizer answered a policy, and enableSimpleResponses asks for isAuthorized" : undefined;
    },
    mend: "answer isAuthorized true or false, or set enableSimpleResponses to false",
  },
  {
    cause: "simple-where-policy",
    explainsFailure: true,
    wrong: (seen) => {
      const value = returnedObject(seen);
      if (value === undefined || takesSimple(seen) || !isFailure(seen.decision)) return undefined;
      const isSimple = Object.hasOwn(value, "isAuthorized") && !Object.hasOwn(value, "policyDocument");
      return isSimple
        ? "the authorizer answered isAuthorized, and this authorizer is one that answers a policy"
        : undefined;
    },
    mend: "answer principalId and policyDocument, or set enableSimpleResponses, which HTTP APIs of payload 2.0 have",
  },
  {
    cause: "authorized-not-boolean",
    explainsFailure: true,
    wrong: (seen) => {
      const authorized = returnedObject(seen)?.["isAuthorized"];
      if (!takesSimple(seen) || !isFailure(seen.decision)) return undefined;
      if (authorized === undefined || typeof authorized === "boolean") return undefined;
      return `the authorizer answered an isAuthorized that is a ${typeof authorized}, not true or false`;
    },
    mend: "answer a boolean",
  },
  {
    cause: "other-action",
    explainsFailure: false,
    wrong: allowsOtherAction,
    mend: "write execute-api:Invoke",
  },
  {
    cause: "method-wildcard",
    explainsFailure: false,
    wrong: (seen) => {
      const resource = patternsOf(allowingStatements(seen)).find(crossesIntoPath);
      if (resource === undefined) return undefined;
      return `the policy allows ${readable(resource)}, whose * before the path crosses "/", so it covers paths that only end alike`;
    },
    mend: "write one ARN for each method, and no wildcard before the path",
  },
  {
    cause: "policy-allows-everything",
    explainsFailure: false,
    wrong: (seen) => {
      const unconditional = allowingStatements(seen).filter(({ conditions }) => conditions.length === 0);
      return patternsOf(unconditional).some(isEverything)
        ? "the policy allows every API, stage, method and path"
        : undefined;
    },
    mend: "name the ARNs of this API that the caller may call",
  },
  {
    cause: "simple-answer-shared",
    explainsFailure: false,
    wrong: simpleAnswerShared,
    mend: "if it depends on the call, add $context.httpMethod and $context.path to identitySource, set resultTtlInSeconds to 0, or answer a policy",
  },
];

/** What this call shows to be wrong with its authorizer. */
export function adviceOn(seen: Observation): Advice[] {
  return MISTAKES.flatMap(({ cause, explainsFailure, wrong, mend }) => {
    const found = wrong(seen);
    if (found === undefined) return [];
    return [{ cause, explainsFailure, line: withoutCredentials(`${found}; ${mend}`, seen.request) }];
  });
}

function cachedForAnotherCall({ request, keptFrom, allowedAnew }: Observation): string | undefined {
  if (keptFrom === undefined || !allowedAnew) return undefined;
  const [madeFor, asked] = [methodAndPath(keptFrom), methodAndPath(callArn(request))];
  return `the cached policy for this token was made for ${madeFor} and refuses ${asked}, which the authorizer allows when it is asked`;
}

/** An Allow that would cover the refused call if its action were not another one. */
function allowsOtherAction({ decision, request, ...seen }: Observation): string | undefined {
  if (decision.outcome === "allow" || decision.rejection !== "not-allowed") return undefined;
  const other = statementsOf(seen).find(
    (statement) =>
      statement.effect === "Allow" &&
      !coversAction(statement, INVOKE) &&
      coversResource(statement, callArn(request), request.settings.wildcardSpan),
  );
  const [action] = other?.actions.patterns ?? [];
  if (other === undefined || action === undefined) return undefined;
  return `the policy's ${other.actions.negated ? "NotAction" : "Action"} is ${readable(action)}, so it allows no call of an API`;
}

function contextOfWrongType({ request, decision, ...seen }: Observation): string | undefined {
  const context = returnedObject(seen)?.["context"];
  if (!isFailure(decision) || !isRecord(context)) return undefined;
  const takesObjects = request.kind === "http-2.0";
  const wrong = Object.entries(context).find(
    ([, value]) => value === null || (typeof value === "object" && !takesObjects),
  );
  if (wrong === undefined) return undefined;
  const [name, value] = wrong;
  const type = value === null ? "null" : Array.isArray(value) ? "a list" : "an object";
  return `the authorizer's context.${readable(name)} is ${type}, which this kind of API does not pass on`;
}

function simpleAnswerShared({ request, rules, ttlSeconds, answer }: Observation): string | undefined {
  const { kind, identitySource, route } = request;
  if (answer === undefined || kind !== "http-2.0" || rules.enableSimpleResponses !== true || ttlSeconds === 0) {
    return undefined;
  }
  const has = (name: string) => identitySource.includes(`$context.${name}`);
  // A route of one method and no parameter is one method and one path.
  const isOneCall = has("routeKey") && route.method !== "ANY" && !/[{$]/.test(route.path);
  if (isOneCall || (has("httpMethod") && has("path"))) return undefined;
  return "a simple answer is kept, and serves every method and path under the same identity sources";
}
