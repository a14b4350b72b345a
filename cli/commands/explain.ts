import { buildCommand } from "@stricli/core";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import type { ExplainFlags } from "../explain/explain-flags.ts";
import { jsonFlag, storeFlags, wayFlags } from "../flags.ts";

export const explainCommand = buildCommand<ExplainFlags, [string?], Context>({
  loader: lazily(async () => (await import("../explain/run-explain.ts")).runExplain),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief:
            "A token, a file that holds one, or - for standard input; with --decision a file of audit records or -",
          placeholder: "token",
          parse: String,
          optional: true,
        },
      ],
    },
    flags: {
      as: {
        kind: "parsed",
        parse: String,
        brief: "Ask about a service account as if it had a good token",
        placeholder: "cluster/namespace/account",
        optional: true,
      },
      service: {
        kind: "parsed",
        parse: String,
        brief: "The service that is called",
        placeholder: "name",
        optional: true,
      },
      method: { kind: "parsed", parse: String, brief: "The method", placeholder: "GET", optional: true },
      path: { kind: "parsed", parse: String, brief: "The path, decoded", placeholder: "/v1/x", optional: true },
      event: {
        kind: "parsed",
        parse: String,
        brief: "A recorded event of the authorizer or of forward, in place of a call: a file, or -",
        placeholder: "file",
        optional: true,
      },
      functionArn: {
        kind: "parsed",
        parse: String,
        brief: "The authorizer that got the event: its account and region are those of its APIs",
        placeholder: "arn",
        optional: true,
      },
      decision: {
        kind: "parsed",
        parse: String,
        brief: "Explain the decision with this id from audit records",
        placeholder: "id",
        optional: true,
      },
      keys: {
        kind: "parsed",
        parse: String,
        brief: "Verify the token by this key set (JWKS) in place of the store's and the issuer's",
        placeholder: "file",
        optional: true,
      },
      at: {
        kind: "parsed",
        parse: readMoment,
        brief: "Decide as at this moment: ISO 8601 or seconds since the epoch",
        placeholder: "time",
        optional: true,
      },
      ...wayFlags,
      ...storeFlags,
      ...jsonFlag,
    },
  },
  docs: {
    brief: "Why a call is allowed or refused, and the smallest change that would turn that",
    fullDescription:
      "  podgate explain token.jwt --service orders --method GET --path /v1/orders --from access\n" +
      "  podgate explain --as dev/payments/billing --service orders --method GET --path /v1/orders --from access\n" +
      "  podgate explain --event event.json --prefix /podgate/prod\n" +
      "  aws logs tail /aws/lambda/podgate-prod-authorizer | podgate explain --decision <id> --prefix /podgate/prod\n\n" +
      "Exit code 0 where the call is allowed, 1 where it is refused, 4 where it would be allowed and something could not be\n" +
      "checked, or where the functions would make no decision; 3 where that is because a document cannot be read.",
  },
});

function readMoment(text: string): number {
  const seconds = /^[0-9]{1,11}(?:\.[0-9]+)?$/.test(text) ? Number(text) : Date.parse(text) / 1000;
  if (Number.isFinite(seconds)) return seconds;
  throw new RangeError("expected ISO 8601, such as 2026-11-24T03:05:45Z, or seconds since the epoch");
}
