import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import type { TokenClaims } from "../../lib/token/token-claims.ts";
import { printable } from "../printable.ts";
import { describeClaims, describeHeader, type ShownMember } from "./claim-words.ts";
import { decodeToken } from "./decoded-token.ts";
import { replacedAt } from "./moment.ts";
import { familyOfClaims, familyOfText, type TokenFamily } from "./token-family.ts";
import { judge } from "./verdict.ts";

/** Something about a token that its owner should know. */
export interface TokenProblem {
  /** `error`: podgate refuses it. `warning`: whether it does is not the token's alone to say, or it does not. */
  readonly severity: "error" | "warning";
  /** Of an error the code of the refusal (docs/errors.md). */
  readonly code: string;
  readonly text: string;
}

/** All that can be said of a token offline. No part of it lets anybody use the token. */
export interface Inspection {
  readonly family: Pick<TokenFamily, "name" | "title">;
  readonly characters: number;
  readonly verdict: "refused" | "nothing-refused-offline";
  readonly problems: readonly TokenProblem[];
  /** The source of a projected volume that mends it. */
  readonly mend?: string;
  /** Epoch seconds. */
  readonly kubeletReplacesAt?: number;
  readonly header: readonly ShownMember[];
  readonly claims: readonly ShownMember[];
}

const LONGEST_TEXT = 500;

/** Says what a text is that somebody took for a token. Never throws, whatever the text. @param now - epoch seconds */
export function inspectToken(text: string, audiences: readonly string[], now: number): Inspection {
  const decoded = decodeToken(text);
  const { claims: raw, header } = decoded ?? {};
  const family =
    raw === undefined
      ? decoded === undefined
        ? familyOfText(text)
        : { name: "broken-jwt", title: "JWT that cannot be read whole", fromCluster: false }
      : familyOfClaims(raw);
  const { refusals, claims } = judge(text, audiences, now);
  const refused: TokenProblem[] = refusals.map(({ code, compared, detail }) => {
    const text = compared === undefined ? detail : `${detail} (${compared.actual}; expected ${compared.expected})`;
    return { severity: "error", code, text: printable(text, LONGEST_TEXT) };
  });
  const untold = (decoded?.faults ?? []).filter((fault) => !refused.some(({ text }) => text.includes(fault)));
  const problems = [
    ...refused,
    ...untold.map((fault) => warning("unreadable", fault)),
    ...(raw === undefined ? [] : warningsOf(family, raw)),
  ];
  const replaced = raw && kubeletMoment(family, raw);
  const mend = mendOf(family, problems, claims, audiences);
  return {
    family: { name: family.name, title: family.title },
    characters: text.length,
    verdict: refusals.length > 0 ? "refused" : "nothing-refused-offline",
    problems,
    ...(mend !== undefined && { mend }),
    ...(replaced !== undefined && { kubeletReplacesAt: replaced }),
    header: header === undefined ? [] : describeHeader(header),
    claims: raw === undefined ? [] : describeClaims(raw, now),
  };
}

function warning(code: string, text: string): TokenProblem {
  return { severity: "warning", code, text };
}

/** Audiences that API servers have where nobody says otherwise, beside their issuer (`--api-audiences`; k3s, GKE). */
const API_SERVER_AUDIENCE = /^(https:\/\/kubernetes\.default\.svc(\.|$|\/|:)|kubernetes\.default\.svc|k3s$|api$)/;

function warningsOf(family: TokenFamily, { aud, iss, jti }: JsonObject): TokenProblem[] {
  if (!family.fromCluster || family.name === "legacy-secret") return [];
  const found: TokenProblem[] = [];
  if (family.otherReader !== undefined) found.push(warning("other-reader", family.otherReader));
  const audiences = (Array.isArray(aud) ? aud : [aud]).filter((audience) => typeof audience === "string");
  if (audiences.some((audience) => audience === iss || API_SERVER_AUDIENCE.test(audience))) {
    const text =
      "its audience is the API server's, so whoever receives it can act on the cluster in its name, and no receiver of podgate should take it; give the volume an audience of the receiver's";
    found.push(warning("api-server-audience", text));
  } else if (audiences.length > 1) {
    const text = "it is for more than one audience: each of them can show it to the others";
    found.push(warning("several-audiences", text));
  }
  if (jti === undefined && family.name !== "extended") {
    const text = "it has no `jti` (clusters before 1.29): audit records cannot name it";
    found.push(warning("no-token-id", text));
  }
  if (family.name === "projected-unbound" || family.name === "projected-secret") {
    const text = "it is bound to no pod: it outlives whoever got it, and kubelet does not replace it";
    found.push(warning("no-pod", text));
  }
  return found;
}

function kubeletMoment({ keptByKubelet }: TokenFamily, { exp, iat, "kubernetes.io": kubernetes }: JsonObject) {
  // Of an extended token kubelet knows the life that was asked for.
  const end = isJsonObject(kubernetes) && "warnafter" in kubernetes ? kubernetes["warnafter"] : exp;
  if (keptByKubelet === undefined || !Number.isFinite(iat) || !Number.isFinite(end)) return undefined;
  return replacedAt(iat as number, end as number);
}

/** What another volume mends. The others are mended elsewhere, and say so themselves. */
const MENDED_BY_VOLUME = new Set([
  "TOKEN_LEGACY",
  "TOKEN_EXTENDED",
  "TOKEN_AUDIENCE_MISMATCH",
  "TOKEN_LIFETIME_TOO_LONG",
  "TOKEN_NOT_POD_BOUND",
  "api-server-audience",
  "other-reader",
]);

const PLACEHOLDER = "<audience of the receiver>";
const USUAL_SECONDS = 3600;

function mendOf(
  family: TokenFamily,
  problems: readonly TokenProblem[],
  claims: TokenClaims | undefined,
  audiences: readonly string[],
): string | undefined {
  if (!family.fromCluster || family.name === "webhook-bound") return undefined;
  const codes = problems.map(({ code }) => code);
  if (!codes.some((code) => MENDED_BY_VOLUME.has(code))) return undefined;
  const keepsAudience = codes.includes("TOKEN_LIFETIME_TOO_LONG") && !codes.includes("api-server-audience");
  const audience = audiences[0] ?? (keepsAudience && !codes.includes("other-reader") ? claims?.aud[0] : undefined);
  const text = audience === undefined ? PLACEHOLDER : printable(audience);
  return `- serviceAccountToken: { path: token, audience: ${JSON.stringify(text)}, expirationSeconds: ${USUAL_SECONDS} }`;
}
