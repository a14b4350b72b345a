import { ACCOUNT } from "./built-function.ts";

/** A call to a function that answers HTTP. */
export interface HttpCall {
  /** The whole value of the header; without it, the header is not there. */
  readonly authorization?: string | undefined;
  readonly method?: string;
  readonly path?: string;
}

/** HTTP API, payload 2.0, on the route `<method> <path>`. */
export function httpApi2Event({ authorization, method = "GET", path = "/whoami" }: HttpCall) {
  return {
    version: "2.0",
    routeKey: `${method} ${path}`,
    rawPath: path,
    rawQueryString: "",
    headers: { host: "gateway.example.com", ...(authorization === undefined ? {} : { authorization }) },
    requestContext: {
      accountId: ACCOUNT,
      apiId: "gateway",
      domainName: "gateway.example.com",
      http: { method, path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "curl" },
      routeKey: `${method} ${path}`,
      stage: "$default",
    },
    isBase64Encoded: false,
  };
}

/** REST API with a greedy route: the path arrives as it was sent. */
export function restEvent({ authorization, method = "GET", path = "/" }: HttpCall) {
  return {
    resource: "/{proxy+}",
    path,
    httpMethod: method,
    ...bothHeaders(authorization),
    pathParameters: { proxy: path.slice(1) },
    requestContext: {
      accountId: ACCOUNT,
      apiId: "gatewayrest",
      stage: "prod",
      path: `/prod${path}`,
      httpMethod: method,
    },
    body: null,
    isBase64Encoded: false,
  };
}

/** Function URL: payload 2.0 without a route. */
export function functionUrlEvent({ authorization, method = "GET", path = "/" }: HttpCall) {
  const event = httpApi2Event({ authorization, method, path });
  return {
    ...event,
    routeKey: "$default",
    requestContext: { ...event.requestContext, routeKey: "$default", domainName: "abc.lambda-url.us-east-1.on.aws" },
  };
}

/** ALB, whose target group sends either one map of headers or the other. */
export function albEvent({ authorization, method = "GET", path = "/" }: HttpCall, multiValue: boolean) {
  const { headers, multiValueHeaders } = bothHeaders(authorization);
  return {
    requestContext: { elb: { targetGroupArn: "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/a/b" } },
    httpMethod: method,
    path,
    ...(multiValue ? { multiValueHeaders } : { headers }),
    body: "",
    isBase64Encoded: false,
  };
}

function bothHeaders(authorization: string | undefined) {
  const headers: Record<string, string> = { Host: "gateway.example.com" };
  if (authorization !== undefined) headers["Authorization"] = authorization;
  const multiValueHeaders = Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, [value]]));
  return { headers, multiValueHeaders };
}
