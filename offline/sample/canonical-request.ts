import { type HeaderPairs, type ReceivedRequest, valuesOf } from "./received-request.ts";

/**
 * The canonical request of Signature Version 4 of a request as it was received, for every service but S3
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, step 1).
 *
 * @param signedHeaders - lower-case names, in the order of `SignedHeaders`
 * @param payloadHash - hex of the body's SHA-256
 */
export function canonicalRequest(
  request: ReceivedRequest,
  signedHeaders: readonly string[],
  payloadHash: string,
): string {
  return [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    ...signedHeaders.map((name) => `${name}:${canonicalValue(request.headers, name)}`),
    "",
    signedHeaders.join(";"),
    payloadHash,
  ].join("\n");
}

/** Without `.`, `..` and empty segments, then encoded once more: a `%` as it was sent is signed as `%25`. */
function canonicalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(encode(segment));
  }
  const slash = kept.length > 0 && /\/\.{0,2}$/.test(path) ? "/" : "";
  return `/${kept.join("/")}${slash}`;
}

/** Each name and value encoded in one way only, sorted by name, then by value; one without `=` has the empty value. */
function canonicalQuery(query: string): string {
  if (query === "") return "";
  return query
    .split("&")
    .map((pair) => {
      const cut = pair.indexOf("=");
      return [reencoded(cut < 0 ? pair : pair.slice(0, cut)), reencoded(cut < 0 ? "" : pair.slice(cut + 1))] as const;
    })
    .toSorted(([name, value], [other, otherValue]) => compare(name, other) || compare(value, otherValue))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** Values trimmed, runs of spaces as one, fields of one name joined by commas in the order they came. */
function canonicalValue(headers: HeaderPairs, name: string): string {
  return valuesOf(headers, name)
    .map((value) => value.trim().replaceAll(/ +/g, " "))
    .join(",");
}

function reencoded(text: string): string {
  try {
    return encode(decodeURIComponent(text));
  } catch {
    return encode(text);
  }
}

/** All but the unreserved characters of RFC 3986 §2.3, upper-case hex. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** By code unit, as bytes are compared; never by the rules of a language. */
function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
