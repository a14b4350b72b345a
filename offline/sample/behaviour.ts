import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { type ReceivedRequest, type ShownRequest, valuesOf } from "./received-request.ts";

/** One request on its way to an answer. */
export interface Exchange {
  readonly request: ReceivedRequest;
  readonly shown: ShownRequest;
  readonly response: ServerResponse;
  /** Answers as if nothing had been told. */
  readonly usual: () => void | Promise<void>;
}

/** Answers, or leaves the client without an answer. */
export type Behaviour = (exchange: Exchange) => void | Promise<void>;

/**
 * How the service is told to answer, as a path with a query:
 *
 * | text | answer |
 * |---|---|
 * | `slow/<seconds>` | the usual one, so much later; at most 60 |
 * | `hang` | none |
 * | `status/<code>` | this status, 200 to 599, and the request in JSON where the status may have a body |
 * | `redirect/<code>?to=<url>` | 301 to 308 to this URL; without `to` to the instance metadata at 169.254.169.254 |
 * | `bytes/<count>` | so many bytes (`patternByte`), with their length; `104857600` is 100 MB |
 * | `mirror` | the request's body as it came, with its `content-type` and `content-encoding` |
 * | `gzip` | the request in JSON, compressed, whatever the client accepts |
 * | `drip/<bytes>/<milliseconds>` | so many bytes, one at a time, so far apart |
 * | `huge-header/<bytes>` | a header of so many bytes |
 * | `odd-headers` | what a gateway must not hand on: hop-by-hop, cookies, the credential's headers, `Podgate-*` |
 * | `reset` | none: the connection is reset |
 * | `cut` | half of what `content-length` promises, then the end of the connection |
 * | `garbage` | bytes that are no HTTP |
 *
 * `undefined` for any other text.
 */
export function readBehaviour(text: string): Behaviour | undefined {
  const cut = text.indexOf("?");
  const [name = "", ...parts] = (cut < 0 ? text : text.slice(0, cut)).split("/");
  const query = new URLSearchParams(cut < 0 ? "" : text.slice(cut + 1));
  const known = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
  if (known === undefined || parts.length !== known.numbers.length) return undefined;
  const numbers = known.numbers.map(([min, max], index) => numberWithin(parts[index] ?? "", min, max));
  return numbers.every((number) => number !== undefined) ? known.make(numbers, query) : undefined;
}

interface Kind {
  /** Bounds of each number of the path, inclusive. */
  readonly numbers: readonly (readonly [min: number, max: number])[];
  readonly make: (numbers: readonly number[], query: URLSearchParams) => Behaviour;
}

const MAX_BYTES = 1024 * 1024 * 1024;
const METADATA_URL = "http://169.254.169.254/latest/meta-data/";

const KINDS: Readonly<Record<string, Kind>> = {
  slow: {
    numbers: [[0, 60]],
    make:
      ([seconds = 0]) =>
      async ({ response, usual }) => {
        await sleep(seconds * 1000, undefined, { signal: goneSignal(response) });
        await usual();
      },
  },
  hang: { numbers: [], make: () => () => undefined },
  status: {
    numbers: [[200, 599]],
    make:
      ([status = 200]) =>
      (exchange) =>
        showAs(exchange, Math.trunc(status)),
  },
  redirect: {
    numbers: [[301, 308]],
    make:
      ([status = 302], query) =>
      ({ response }) => {
        response.writeHead(status, { location: query.get("to") ?? METADATA_URL, "content-length": 0 }).end();
      },
  },
  bytes: {
    numbers: [[0, MAX_BYTES]],
    make:
      ([count = 0]) =>
      async ({ request, response }) => {
        response.writeHead(200, { "content-type": "application/octet-stream", "content-length": count });
        if (request.method === "HEAD") response.end();
        else await pipeline(Readable.from(pattern(count)), response);
      },
  },
  mirror: { numbers: [], make: () => mirror },
  gzip: {
    numbers: [],
    make:
      () =>
      ({ response, shown }) => {
        const body = gzipSync(jsonOf(shown));
        const headers = { "content-type": "application/json", "content-encoding": "gzip" };
        response.writeHead(200, { ...headers, "content-length": body.length }).end(body);
      },
  },
  drip: {
    numbers: [
      [1, 100_000],
      [0, 60_000],
    ],
    make:
      ([count = 1, milliseconds = 0]) =>
      async ({ response }) => {
        const signal = goneSignal(response);
        response.writeHead(200, { "content-type": "application/octet-stream", "content-length": count });
        for (let index = 0; index < count; index += 1) {
          response.write(Uint8Array.of(patternByte(index)));
          await sleep(milliseconds, undefined, { signal });
        }
        response.end();
      },
  },
  "huge-header": {
    numbers: [[1, 16 * 1024 * 1024]],
    make:
      ([bytes = 1]) =>
      (exchange) =>
        showAs(exchange, 200, { "X-Huge": "h".repeat(bytes) }),
  },
  "odd-headers": { numbers: [], make: () => (exchange) => showAs(exchange, 200, ODD_HEADERS) },
  reset: {
    numbers: [],
    make:
      () =>
      ({ response }) => {
        response.socket?.resetAndDestroy();
      },
  },
  cut: {
    numbers: [],
    make:
      () =>
      ({ response }) => {
        response.writeHead(200, { "content-length": 1000 });
        response.write(Buffer.alloc(500), () => response.destroy());
      },
  },
  garbage: {
    numbers: [],
    make:
      () =>
      ({ response }) => {
        response.socket?.end("this is no HTTP\r\n\r\n");
      },
  },
};

const ODD_HEADERS: Readonly<Record<string, string | string[]>> = {
  "Set-Cookie": ["session=one", "tracking=two"],
  Connection: "close, X-Hop",
  "X-Hop": "named by Connection",
  "Keep-Alive": "timeout=5",
  "Proxy-Authenticate": "Basic",
  Authorization: "sent back",
  "X-Api-Key": "sent back",
  "X-Amz-Security-Token": "sent back",
  "Podgate-Decision": "forged",
  "Podgate-Error": "forged",
  "X-Twice": ["one", "two"],
  "X-Kept": "yes",
};

/** What `bytes` and `drip` send at this place: all 251 values of a period that no power of two divides. */
export function patternByte(index: number): number {
  return index % 251;
}

/** Answers with what is shown of the request, in JSON. */
export function showAs(
  { response, shown }: Exchange,
  status: number,
  headers: Readonly<Record<string, string | string[]>> = {},
): void {
  if (status === 204 || status === 304) {
    response.writeHead(status, headers).end();
    return;
  }
  const body = jsonOf(shown);
  response
    .writeHead(status, { "content-type": "application/json", "content-length": body.length, ...headers })
    .end(body);
}

export function jsonOf(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}

function mirror({ request, response }: Exchange): void {
  const kept = ["content-type", "content-encoding"].flatMap((name) =>
    valuesOf(request.headers, name).map((value) => [name, value] as const),
  );
  response.writeHead(200, { ...Object.fromEntries(kept), "content-length": request.body.length }).end(request.body);
}

function* pattern(count: number): Generator<Buffer> {
  const block = Buffer.from(Array.from({ length: 251 * 256 }, (_, index) => patternByte(index)));
  for (let left = count; left > 0; left -= block.length) yield left >= block.length ? block : block.subarray(0, left);
}

function numberWithin(text: string, min: number, max: number): number | undefined {
  if (!/^\d{1,12}(\.\d{1,3})?$/.test(text)) return undefined;
  const number = Number(text);
  return number >= min && number <= max ? number : undefined;
}

/** Aborted when the connection of the answer is gone. */
function goneSignal(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  return gone.signal;
}
