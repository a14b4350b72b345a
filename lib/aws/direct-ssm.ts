import { isJsonObject, type JsonObject } from "../json.ts";
import type { DirectSettings } from "./direct-settings.ts";
import { BrokenConnection, type HttpAnswer, KeptConnection, NoAnswerInTime } from "./kept-connection.ts";
import { signedHeaders } from "./signed-headers.ts";
import { ATTEMPT_MS, type ReadOperation, THROTTLED_PAUSE_MS, TOTAL_MS, TRANSIENT_PAUSE_MS } from "./ssm-call.ts";

/** Ten advanced values of 8 KB, each character of them escaped as `\uXXXX`, are half of it. */
const MAX_ANSWER_BYTES = 1024 * 1024;

/** AWS refuses signatures that are 5 min off. Like the SDK, from 4 min on the server's clock is taken for right. */
const SKEW_MS = 240_000;

/** What SSM and the services before it say when they are asked too often. */
const THROTTLING = ["ThrottlingException", "Throttling", "RequestLimitExceeded", "TooManyRequestsException"];

const TRANSIENT_STATUS = [500, 502, 503, 504];

/** A call that SSM refused or answered with nonsense, named as AWS names it. Holds nothing of the answer. */
class SsmRefusal extends Error {
  override readonly name: string;
  /** Longest pause before another attempt; `undefined` where it would end the same way. */
  readonly pauseMs: number | undefined;

  constructor(name: string, pauseMs?: number) {
    super(`SSM answered ${name}`);
    this.name = name;
    this.pauseMs = pauseMs;
  }
}

/** `CallSsm` made directly, with these settings. */
export interface DirectSsm {
  call(settings: DirectSettings, operation: ReadOperation, input: JsonObject): Promise<JsonObject>;
  /** Opens the connection for the first call; see `KeptConnection.prepare`. */
  prepare(settings: DirectSettings): Promise<void>;
}

/**
 * SSM over `node:https`, and nothing of the SDK: the same attempts, pauses and answers. A wrong
 * clock is corrected by the `Date` of the answer that complains of it. It is the machine's clock, whatever clock decisions are made by.
 */
export function createDirectSsm(): DirectSsm {
  const connection = new KeptConnection();
  let clockOffsetMs = 0;

  /** Corrects the clock where this answer shows that it is wrong. */
  const correctClock = ({ headers }: HttpAnswer): boolean => {
    // With an `age` the answer is somebody's copy, and its date that of the original.
    const offsetMs = headers["age"] === undefined ? Date.parse(headers["date"] ?? "") - Date.now() : Number.NaN;
    if (!(Math.abs(offsetMs - clockOffsetMs) >= SKEW_MS)) return false;
    clockOffsetMs = offsetMs;
    return true;
  };

  const attempt = async (
    settings: DirectSettings,
    operation: ReadOperation,
    body: string,
    milliseconds: number,
  ): Promise<JsonObject> => {
    const signed = signedHeaders(settings, {
      service: "ssm",
      headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `AmazonSSM.${operation}` },
      body,
      signedAt: new Date(Date.now() + clockOffsetMs),
    });
    const { endpoint, traceId } = settings;
    // What may be written anew on the way stands in no signature.
    const headers = { ...signed, "user-agent": "podgate", ...(traceId ? { "x-amzn-trace-id": traceId } : {}) };
    const exchange = { headers, body, maxBytes: MAX_ANSWER_BYTES, milliseconds };
    const answer = await connection.post(endpoint, exchange).catch((error: unknown) => {
      // It died while the environment was frozen, so nobody has been asked yet.
      if (error instanceof BrokenConnection && error.stale) return connection.post(endpoint, exchange);
      throw error;
    });
    if (answer.status === 200) return parseObject(answer.body);
    throw refusalOf(answer, correctClock(answer));
  };

  return {
    prepare: ({ endpoint }) => connection.prepare(endpoint),
    async call(settings, operation, input) {
      const endsAt = performance.now() + TOTAL_MS;
      const body = JSON.stringify(input);
      try {
        return await attempt(settings, operation, body, ATTEMPT_MS);
      } catch (error) {
        const longest = pauseAfter(error);
        if (longest === undefined) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * longest));
        return await attempt(settings, operation, body, endsAt - performance.now());
      }
    },
  };
}

function pauseAfter(error: unknown): number | undefined {
  if (error instanceof SsmRefusal) return error.pauseMs;
  return error instanceof BrokenConnection || error instanceof NoAnswerInTime ? TRANSIENT_PAUSE_MS : undefined;
}

function refusalOf({ status, headers, body }: HttpAnswer, clockCorrected: boolean): SsmRefusal {
  const { name, message } = readError(headers["x-amzn-errortype"], body);
  if (THROTTLING.includes(name) || status === 429) return new SsmRefusal(name, THROTTLED_PAUSE_MS);
  // AWS gives it no name of its own: a request that lay frozen after it was signed, while the clock is right.
  const lay = name === "InvalidSignatureException" && message.includes("Signature expired");
  const transient = TRANSIENT_STATUS.includes(status) || clockCorrected || lay;
  return new SsmRefusal(name, transient ? TRANSIENT_PAUSE_MS : undefined);
}

/** `__type` may be a whole shape id, and may be in the header instead (AWS JSON 1.1, "Operation error serialization"). */
function readError(header: unknown, body: Buffer): { readonly name: string; readonly message: string } {
  let error: JsonObject = {};
  try {
    error = parseObject(body);
  } catch {
    // A proxy's page, or nothing: the status says what there is to say.
  }
  const type = String(error["__type"] ?? header ?? "UnknownError");
  const name = type.replace(/[,:].*$/s, "").replace(/^.*#/s, "");
  return { name, message: String(error["message"] ?? error["Message"] ?? "") };
}

function parseObject(body: Buffer): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    // The parser's own message quotes the text, which may be a secret.
  }
  if (!isJsonObject(value)) throw new SsmRefusal("SyntaxError");
  return value;
}
