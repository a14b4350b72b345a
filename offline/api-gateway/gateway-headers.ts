import type { IntegrationKind } from "./integration-event.ts";
import { GATEWAY_SETTINGS, type GatewaySettings } from "./settings.ts";

/**
 * What a REST API does to headers that a Lambda function answers with; every other one passes (API Gateway developer
 * guide, "Important notes for REST APIs", column Response, `lambda`). `Date` and `Server` are renamed and overwritten
 * there, AWS does not say by what: here they keep their value.
 */
const REST_HEADERS: Readonly<Record<string, "renamed" | "dropped">> = {
  authorization: "renamed",
  connection: "renamed",
  "content-md5": "renamed",
  date: "renamed",
  expect: "dropped",
  host: "dropped",
  "max-forwards": "renamed",
  "proxy-authenticate": "dropped",
  server: "renamed",
  te: "dropped",
  trailer: "dropped",
  "transfer-encoding": "dropped",
  upgrade: "dropped",
  "user-agent": "renamed",
  via: "dropped",
  "www-authenticate": "renamed",
};

/** Reported of Function URLs, by many; AWS documents nothing there. */
const CHALLENGE: Readonly<Record<string, "renamed" | "dropped">> = { "www-authenticate": "renamed" };

const PREFIX = "x-amzn-remapped-";

/**
 * The headers that a client gets of an answer of a function: some are renamed to `x-amzn-remapped-<name>`, some dropped.
 * HTTP APIs and load balancers are not documented to rename any (`challengeHeader`). Names that pass keep their spelling.
 */
export function gatewayHeaders<Value>(
  kind: IntegrationKind,
  headers: Readonly<Record<string, Value>>,
  { challengeHeader }: Pick<GatewaySettings, "challengeHeader"> = GATEWAY_SETTINGS,
): Record<string, Value> {
  const fates = fatesOf(kind, challengeHeader);
  const passed: [string, Value][] = [];
  for (const [name, value] of Object.entries(headers)) {
    const lowered = name.toLowerCase();
    const fate = fates[lowered];
    if (fate !== "dropped") passed.push([fate === "renamed" ? `${PREFIX}${lowered}` : name, value]);
  }
  return Object.fromEntries(passed);
}

function fatesOf(kind: IntegrationKind, challengeHeader: GatewaySettings["challengeHeader"]): typeof CHALLENGE {
  if (kind === "rest") return REST_HEADERS;
  return kind === "function-url" || challengeHeader === "renamed" ? CHALLENGE : {};
}
