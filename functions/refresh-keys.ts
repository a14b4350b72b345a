import type { Context } from "aws-lambda";
import { createRefreshKeys } from "../lib/app.ts";

const refresh = createRefreshKeys();

/** Every five minutes: the key sets of all issuers become snapshots in SSM, so that a cold function asks no issuer. */
export const handler = (_event: unknown, context: Context) => refresh(context);
