import type { Context } from "aws-lambda";
import { createApp } from "../../lib/app.ts";
import { createSsm } from "../../lib/aws/ssm.ts";
import { createSsmReader } from "../../lib/aws/ssm-parameters.ts";

/** Shared, because each would keep a connection: it holds nothing of what it read. */
const readParameters = createSsmReader(createSsm(process.env).call);

/** An authorizer that knows nothing yet, for each call. */
export const handler = (event: unknown, context: Context) =>
  createApp({ needsAudiences: false }, { readParameters }).authorize(event, context);
