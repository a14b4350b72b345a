/** The parts that the events of REST APIs and of HTTP APIs, payload 2.0, have in common or in place of one another. */
interface OrdersEvent {
  readonly httpMethod?: string;
  readonly path?: string;
  readonly rawPath?: string;
  readonly requestContext: {
    readonly http?: { readonly method: string };
    readonly authorizer?: { readonly lambda?: Readonly<Record<string, unknown>> } & Readonly<Record<string, unknown>>;
  };
}

/**
 * An operator's API that knows nothing of tokens: it answers what it was asked, and by whom, as the authorizer in front of
 * it said.
 */
export async function handler(event: OrdersEvent) {
  const { authorizer } = event.requestContext;
  const caller = authorizer?.lambda ?? authorizer ?? {};
  const answer = {
    api: "orders",
    method: event.httpMethod ?? event.requestContext.http?.method,
    path: event.path ?? event.rawPath,
    caller: caller["principal"],
    decisionId: caller["decisionId"],
  };
  return {
    statusCode: 200,
    headers: { "content-type": "application/json" },
    body: `${JSON.stringify(answer)}\n`,
  };
}
