import { readToken, systemWait, type Wait } from "./token-file.ts";

export interface PodFetchOptions {
  /** The file of the projected volume. @default "/var/run/secrets/podgate/token" */
  readonly tokenFile?: string;
  /** What makes the calls. @default the global `fetch` */
  readonly fetch?: typeof globalThis.fetch;
  /** @default by timers */
  readonly wait?: Wait;
}

export const POD_FETCH_DEFAULTS = {
  tokenFile: "/var/run/secrets/podgate/token",
} as const satisfies PodFetchOptions;

/**
 * A `fetch` for calls to podgate, and to nothing else: whatever URL it is given gets the pod's token.
 *
 * - The token file is read for every call, because kubelet replaces it at 80 % of the token's life; one that is missing or
 *   empty is waited for, up to 0.9 s. Rejects with `PodTokenError` where there is no token then. An `Authorization` of the
 *   caller is replaced.
 * - A 401 is answered by one more call, if the file holds another token by then and the body can be sent again: text, bytes,
 *   `URLSearchParams`, `FormData` and `Blob` can; a stream, or the body of a `Request`, cannot, and its 401 is returned.
 *   The same token would be refused again, so nothing is repeated for it.
 * - Redirects are returned, never followed (`redirect: "manual"`, or `"error"` where the caller says so): where one leads
 *   is the word of the service that was called, and the token is not for it.
 */
export function createPodFetch(options: PodFetchOptions = {}): typeof globalThis.fetch {
  const { tokenFile = POD_FETCH_DEFAULTS.tokenFile, fetch = globalThis.fetch, wait = systemWait } = options;

  return async (input, init = {}) => {
    const request = typeof input === "object" && "headers" in input ? input : undefined;
    const signal = init.signal ?? request?.signal ?? undefined;
    const send = (token: string) => {
      const headers = new Headers(init.headers ?? request?.headers);
      headers.set("authorization", `Bearer ${token}`);
      return fetch(input, { ...init, headers, redirect: redirectOf(init, request) });
    };

    const token = await readToken(tokenFile, wait, signal);
    const response = await send(token);
    if (response.status !== 401 || !canBeSentAgain(init, request)) return response;
    const fresh = await readToken(tokenFile, wait, signal).catch(() => token);
    if (fresh === token) return response;
    // Its connection is free for another call only when nobody may read it any more.
    await response.body?.cancel();
    return send(fresh);
  };
}

function redirectOf(init: RequestInit, request: Request | undefined): "manual" | "error" {
  return (init.redirect ?? request?.redirect) === "error" ? "error" : "manual";
}

function canBeSentAgain({ body }: RequestInit, request: Request | undefined): boolean {
  if (body === undefined || body === null) return request === undefined || request.body === null;
  return (
    typeof body === "string" ||
    body instanceof URLSearchParams ||
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  );
}
