import { SsmError } from "./ssm-error.ts";

interface PageRequest {
  /** What is listed: a token of another listing is refused. */
  readonly scope: string;
  readonly maxResults: number;
  readonly nextToken: string | undefined;
  /** `empty`: nothing on this page, and a token for the same place. `endless`: the last page leads to the first. */
  readonly fault?: "empty" | "endless" | undefined;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextToken: string | undefined;
}

/**
 * One page of `items`, which are in the order of `keyOf`. A token says after which key to go on, so that a list which
 * changes meanwhile is neither repeated nor skipped. Throws InvalidNextToken.
 */
export function pageOf<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string | number,
  { scope, maxResults, nextToken, fault }: PageRequest,
): Page<Item> {
  const after = nextToken === undefined ? null : readToken(nextToken, scope);
  if (fault === "empty") return { items: [], nextToken: tokenAfter(after, scope) };

  const rest = after === null ? items : items.filter((item) => keyOf(item) > after);
  const page = rest.slice(0, maxResults);
  const last = page.at(-1);
  if (last !== undefined && rest.length > page.length) {
    return { items: page, nextToken: tokenAfter(keyOf(last), scope) };
  }
  return { items: page, nextToken: fault === "endless" ? tokenAfter(null, scope) : undefined };
}

function tokenAfter(key: string | number | null, scope: string): string {
  return Buffer.from(JSON.stringify([scope, key])).toString("base64");
}

function readToken(token: string, scope: string): string | number | null {
  try {
    const [ofScope, key]: unknown[] = JSON.parse(Buffer.from(token, "base64").toString());
    if (ofScope === scope && (key === null || typeof key === "string" || typeof key === "number")) return key;
  } catch {
    // Refused below, like every other token that was not made here.
  }
  throw new SsmError("InvalidNextToken", "The specified token isn't valid.");
}
