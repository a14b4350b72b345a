import { type Rule, rule } from "./rule.ts";

const GUIDE = "https://docs.aws.amazon.com/apigateway/latest/developerguide";
const REFERENCE = "https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html";
const IAM = "https://docs.aws.amazon.com/IAM/latest/UserGuide";
const USE = `${GUIDE}/apigateway-use-lambda-authorizer.html`;
const CONFIGURE = `${GUIDE}/configure-api-gateway-lambda-authorization.html`;
const INPUT = `${GUIDE}/api-gateway-lambda-authorizer-input.html`;
const OUTPUT = `${GUIDE}/api-gateway-lambda-authorizer-output.html`;
const HTTP_API = `${GUIDE}/http-api-lambda-authorizer.html`;
const WEBSOCKET_API = `${GUIDE}/apigateway-websocket-api-lambda-auth.html`;
const AUTHORIZER_V2 =
  "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigatewayv2-authorizer.html";
const CACHED_POLICY = "https://repost.aws/knowledge-center/api-gateway-lambda-authorization-errors";
const RESPONSES = `${GUIDE}/supported-gateway-response-types.html`;
const NOTES = `${GUIDE}/api-gateway-known-issues.html`;
const ARNS = `${GUIDE}/api-gateway-control-access-using-iam-policies-to-invoke-api.html`;
/** Events of live APIs, captured in July 2026. */
const CAPTURES = "https://github.com/hotsock/voker/tree/main/vokerhttp/testdata";

const REST = ["rest-token", "rest-request"] as const;
const HTTP = ["http-1.0", "http-2.0"] as const;
const ALL = [...REST, ...HTTP, "websocket"] as const;

/** Every rule that the twin keeps. Each has a test of its own, on both sides where it has two. */
export const RULES = [
  // Before the function is asked
  rule("identity-missing", "An identity source that is missing is 401, and the function is not asked.", ALL, REFERENCE),
  rule(
    "identity-empty",
    "An identity source that is empty is 401, and the function is not asked.",
    ["rest-request", ...HTTP, "websocket"],
    REFERENCE,
  ),
  rule(
    "identity-empty-token",
    "An empty token header of a TOKEN authorizer is 401 as well.",
    ["rest-token"],
    INPUT,
    "unverified",
    "emptyTokenHeader",
  ),
  rule(
    "identity-repeated",
    "Of a header or query parameter sent twice the last value is the identity.",
    [...REST, "websocket"],
    INPUT,
    "unverified",
    "repeatedIdentity",
  ),
  rule("identity-joined", "A header or query parameter sent twice is joined by a comma.", HTTP, HTTP_API, "reported"),
  rule(
    "validation-expression",
    "A token that does not match the expression is 401, and the function is not asked.",
    ["rest-token"],
    REFERENCE,
  ),
  rule(
    "validation-match",
    "The expression may match any part of the token; the dialect is JavaScript's.",
    ["rest-token"],
    REFERENCE,
    "unverified",
    "validationMatch",
  ),
  rule("arn-length", "A call whose ARN exceeds 1,600 bytes is 414.", REST, OUTPUT),
  // The event
  rule(
    "event-token",
    "A TOKEN authorizer gets type, methodArn and authorizationToken, and nothing else.",
    ["rest-token"],
    INPUT,
  ),
  rule(
    "event-request",
    "A REQUEST authorizer gets the members that AWS's page shows; DefinitelyTyped has more in requestContext (domainName, protocol, requestTimeEpoch, identity.userAgent), which are not here.",
    ["rest-request"],
    INPUT,
  ),
  rule(
    "event-headers-as-sent",
    "Header names are as sent, each with its last value, beside all of them in multiValueHeaders.",
    ["rest-request", "http-1.0", "websocket"],
    INPUT,
  ),
  rule(
    "event-headers-lower-case",
    "Header names are lower-case, values of one name joined by a comma, cookies apart.",
    ["http-2.0"],
    HTTP_API,
  ),
  rule(
    "arn-real-path",
    "The ARN holds the path of the call, not the template of its route.",
    [...REST, ...HTTP],
    OUTPUT,
  ),
  rule(
    "arn-rest-path",
    "The ARN of a REST call holds the path percent-encoded as it was sent.",
    REST,
    ARNS,
    "unverified",
    "restArnPath",
  ),
  rule(
    "arn-http-path",
    "The ARN of an HTTP API's call holds the path decoded, cut where that has a ?.",
    HTTP,
    CAPTURES,
    "unverified",
    "httpApiArnPath",
  ),
  rule("arn-default-stage", "The stage $default stands in the ARN by that name.", HTTP, ARNS),
  rule("arn-connect", "The ARN of $connect has neither verb nor path.", ["websocket"], WEBSOCKET_API),
  // How the function may end
  rule("thrown-unauthorized", "An error whose message is exactly Unauthorized is 401.", REST, USE),
  rule(
    "thrown-unauthorized-http",
    "On an HTTP API such an error is 500.",
    HTTP,
    HTTP_API,
    "unverified",
    "httpApiThrownUnauthorized",
  ),
  rule("thrown-unauthorized-connect", "At $connect such an error is 401.", ["websocket"], WEBSOCKET_API),
  rule("thrown-other", "Any other error is 500.", ALL, RESPONSES),
  rule(
    "timeout-http",
    "A function that takes longer than 10 seconds is 500.",
    HTTP,
    `${GUIDE}/http-api-quotas.html`,
    "documented",
    "authorizerTimeoutSeconds",
  ),
  rule(
    "timeout-rest",
    "REST and WebSocket APIs wait as long.",
    [...REST, "websocket"],
    RESPONSES,
    "unverified",
    "authorizerTimeoutSeconds",
  ),
  rule("answer-form", "An answer in another form than the authorizer's is 500.", ALL, HTTP_API),
  rule(
    "answer-size",
    "An answer of more than 8 KB is 500; somebody reports that it is not.",
    [...REST, ...HTTP],
    "https://repost.aws/questions/QUzilwCUByQz6iUi-9hwPFJQ/lambda-authorizer-for-api-gateway-maximum-size-of-returned-policy",
    "unverified",
    "answerSizeLimit",
  ),
  rule(
    "answer-size-connect",
    "An answer of more than 8 KB is 500.",
    ["websocket"],
    `${GUIDE}/apigateway-execution-service-websocket-limits-table.html`,
  ),
  rule("principal-required", "A policy without a principalId is 500.", ALL, OUTPUT),
  rule("simple-boolean", "isAuthorized is true or false; a text is 500.", ["http-2.0"], HTTP_API),
  rule("simple-refusal", "isAuthorized false is 403.", ["http-2.0"], HTTP_API, "reported"),
  // The context
  rule(
    "context-scalars",
    "A list, an object or null in the context is 500.",
    [...REST, "http-1.0", "websocket"],
    OUTPUT,
  ),
  rule("context-structured", "The context may hold lists and objects.", ["http-2.0"], HTTP_API),
  rule(
    "context-texts",
    "The integration gets each value of the context as a text.",
    [...REST, "http-1.0", "websocket"],
    OUTPUT,
  ),
  // The policy
  rule(
    "policy-deny-wins",
    "A Deny that matches wins over every Allow, and is 403.",
    ALL,
    `${IAM}/reference_policies_evaluation-logic.html`,
  ),
  rule("policy-implicit-deny", "What no Allow matches is 403.", ALL, `${IAM}/reference_policies_evaluation-logic.html`),
  rule(
    "policy-wildcards",
    "A * in a Resource matches any characters, / included, a ? exactly one; case matters.",
    ALL,
    `${IAM}/reference_policies_elements_resource.html`,
  ),
  rule(
    "policy-wildcard-span",
    "In an Allow a wildcard stays within its part of the ARN (between colons) unless it is a * that ends it; in a Deny it does not.",
    ALL,
    `${IAM}/reference_policies_elements_resource.html`,
    "unverified",
    "wildcardSpan",
  ),
  rule("policy-resource-length", "A Resource of more than 512 characters makes the answer invalid: 500.", ALL, OUTPUT),
  rule(
    "policy-conditions",
    "A Condition counts; AWS documents its keys for resource policies only.",
    ALL,
    `${GUIDE}/apigateway-resource-policies-aws-condition-keys.html`,
    "unverified",
    "policyConditions",
  ),
  rule(
    "policy-condition-missing-key",
    "A key that the request does not have fails an operator, but for negated ones and IfExists.",
    ALL,
    `${IAM}/reference_policies_elements_condition_operators.html`,
  ),
  // The cache
  rule(
    "cache-key",
    "Answers are kept under the values of the identity sources, for each authorizer and stage.",
    [...REST, ...HTTP],
    CONFIGURE,
  ),
  rule(
    "cache-policy",
    "The kept policy is evaluated for each call, so it has to name every method the caller may call.",
    [...REST, ...HTTP],
    CACHED_POLICY,
  ),
  rule(
    "cache-simple",
    "A kept simple answer allows or denies every call with the same identity sources.",
    ["http-2.0"],
    HTTP_API,
  ),
  rule(
    "cache-refusals",
    "A Deny and isAuthorized false are kept like an Allow.",
    [...REST, ...HTTP],
    "https://tmmr.uk/post/api-gateway/api-gateway-auth-caching/",
    "reported",
  ),
  rule(
    "cache-failures",
    "Errors and invalid answers are not kept.",
    [...REST, ...HTTP],
    CONFIGURE,
    "unverified",
    "keptFailures",
  ),
  rule(
    "cache-ttl",
    "An answer is kept for resultTtlInSeconds, 0 to 3600: 0 keeps none.",
    [...REST, ...HTTP],
    REFERENCE,
  ),
  rule("cache-ttl-default-rest", "Where nothing is said, 300 seconds.", REST, REFERENCE),
  rule("cache-ttl-default-http", "Where nothing is said, none is kept.", HTTP, HTTP_API),
  rule(
    "cache-connect",
    "The function is asked at each $connect: only HTTP APIs have a time to live there.",
    ["websocket"],
    AUTHORIZER_V2,
  ),
  rule(
    "cache-needs-identity",
    "Keeping answers needs at least one identity source.",
    ["rest-request", ...HTTP],
    REFERENCE,
  ),
  // Paths and headers of the integration
  rule(
    "paths-http-api",
    "rawPath and pathParameters are decoded and cut at a decoded ?; a named stage leads rawPath.",
    ["http-2.0"],
    "https://github.com/middleapi/standard-server/pull/93",
    "reported",
  ),
  rule(
    "paths-http-api-1",
    "path and pathParameters are decoded in the same way; a named stage leads path.",
    ["http-1.0"],
    "https://github.com/jeremydaly/lambda-api/issues/136",
    "reported",
  ),
  rule(
    "paths-rest",
    "path and pathParameters keep the encoding; the stage leads requestContext.path.",
    ["rest"],
    CAPTURES,
    "reported",
  ),
  rule(
    "paths-function-url",
    "rawPath keeps the encoding, requestContext.http.path does not.",
    ["function-url"],
    CAPTURES,
    "reported",
  ),
  rule("paths-alb", "path and query keep the encoding.", ["alb"], CAPTURES, "reported"),
  rule(
    "headers-rest",
    "WWW-Authenticate and others of an integration's answer are renamed to x-amzn-remapped-…, or dropped.",
    ["rest"],
    NOTES,
  ),
  rule(
    "headers-function-url",
    "WWW-Authenticate is renamed in the same way.",
    ["function-url"],
    "https://github.com/pact-foundation/pact_broker-serverless/issues/5",
    "reported",
  ),
  rule(
    "headers-unchanged",
    "Headers of an integration's answer pass.",
    ["http-1.0", "http-2.0", "alb"],
    NOTES,
    "unverified",
    "challengeHeader",
  ),
] as const satisfies readonly Rule[];

export type RuleId = (typeof RULES)[number]["id"];
