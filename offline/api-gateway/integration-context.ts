import type { CallDecision } from "./authorize-call.ts";

type Allowed = Extract<CallDecision, { outcome: "allow" }>;

/** What serverless-offline takes over into the event of the integration (its `request.auth.credentials`). */
export interface Credentials {
  readonly context: Record<string, unknown>;
  readonly principalId?: string;
  readonly usageIdentifierKey?: string;
  /** `$context.authorizer` of integrations with a mapping template. */
  readonly authorizer: Record<string, unknown>;
}

/**
 * What the integration gets to see of an allowed call: `requestContext.authorizer.<name>` and `.principalId` of a REST
 * API, `requestContext.authorizer.lambda.<name>` of an HTTP API.
 *
 * serverless-offline assigns more to the context of a REST API: `claims` and `scopes`, decoded from whatever token was
 * sent, and a made-up `principalId` where there is none. AWS has none of them, so these members swallow what is assigned.
 * Left is `requestContext.authorizer.jwt` of an HTTP API, which it adds out of reach.
 */
export function credentialsOf(allowed: Allowed): Credentials {
  const { principalId, usageIdentifierKey } = allowed;
  const context: Record<string, unknown> = { ...allowed.context };
  for (const name of ["claims", "scopes", ...(principalId === undefined ? ["principalId"] : [])]) {
    const given = context[name];
    Object.defineProperty(context, name, {
      enumerable: Object.hasOwn(allowed.context, name),
      get: () => given,
      set: () => undefined,
    });
  }
  return {
    context,
    authorizer: { ...allowed.context, ...(principalId !== undefined && { principalId }) },
    ...(principalId !== undefined && { principalId }),
    ...(usageIdentifierKey !== undefined && { usageIdentifierKey }),
  };
}
