import { GatewayError } from "../errors.ts";

/** The ARN of one call to an API, in its parts. The path is kept whole: it may hold `:` and `/`. */
export interface ExecuteApiArn {
  readonly text: string;
  readonly partition: string;
  readonly region: string;
  readonly account: string;
  readonly apiId: string;
  /** Also `$default` and `test-invoke-stage`. */
  readonly stage: string;
  /** `<VERB>/<path>`, or `$connect` of a WebSocket API. */
  readonly operation: string;
}

/** `arn:<partition>:execute-api:<region>:<account>:<apiId>/<stage>/<operation>` (API Gateway, "ARN reference"). */
const ARN =
  /^arn:(aws[a-z-]*):execute-api:([a-z0-9-]+):([0-9]{12}):([A-Za-z0-9-]{1,64})\/([A-Za-z0-9_$-]{1,128})\/(.*)$/s;

/** Throws `EVENT_UNREADABLE`: only API Gateway writes these. */
export function parseExecuteApiArn(text: unknown): ExecuteApiArn {
  const parts = typeof text === "string" ? ARN.exec(text) : null;
  const [whole, partition, region, account, apiId, stage, operation] = parts ?? [];
  if (
    whole === undefined ||
    partition === undefined ||
    region === undefined ||
    account === undefined ||
    apiId === undefined ||
    stage === undefined ||
    operation === undefined
  ) {
    throw new GatewayError(
      "EVENT_UNREADABLE",
      "the event has no ARN of an API's method; is this function an authorizer?",
    );
  }
  return { text: whole, partition, region, account, apiId, stage, operation };
}

/** The ARN of the API and stage, to which a policy's resources are added. */
export function stageArn({ partition, region, account, apiId, stage }: ExecuteApiArn): string {
  return `arn:${partition}:execute-api:${region}:${account}:${apiId}/${stage}`;
}
