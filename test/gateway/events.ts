import { readFileSync } from "node:fs";

/** An event of test/fixtures/events (see provenance.md), to be changed by a test as it needs. */
export interface SampleEvent {
  [member: string]: unknown;
  headers?: Record<string, string>;
  multiValueHeaders?: Record<string, string[]> | null;
  requestContext: { [member: string]: unknown; http?: Record<string, unknown> };
}

export function sample(name: string): SampleEvent {
  return JSON.parse(readFileSync(new URL(`../fixtures/events/${name}.json`, import.meta.url), "utf8"));
}

/** The sample with an `Authorization` header in every map of headers that it has. */
export function withAuthorization(event: SampleEvent, value: string, name = "Authorization"): SampleEvent {
  return {
    ...event,
    ...(event.headers === undefined ? {} : { headers: { ...event.headers, [name]: value } }),
    ...(event.multiValueHeaders ? { multiValueHeaders: { ...event.multiValueHeaders, [name]: [value] } } : {}),
  };
}

/** The sample, asked about this operation (`GET/v1/x`) of this API and stage. */
export function asking(event: SampleEvent, operation: string, api = "abcdef123/test"): SampleEvent {
  const member = event["version"] === "2.0" ? "routeArn" : "methodArn";
  return { ...event, [member]: `arn:aws:execute-api:us-east-1:123456789012:${api}/${operation}` };
}

/** The sample with other members in its request context. */
export function inContext(event: SampleEvent, members: Record<string, unknown>): SampleEvent {
  return { ...event, requestContext: { ...event.requestContext, ...members } };
}
