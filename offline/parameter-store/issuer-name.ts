/**
 * The name below `issuers/` and `keys/` of an issuer URL: the URL without `https://`, in which every character outside
 * `A-Z a-z 0-9 . - /`, a `/` at the end and a `/` after a `/` are written `_HH`, the upper-case hex of each UTF-8 byte.
 * So `http://127.0.0.1:4100/dev` is `http_3A/_2F127.0.0.1_3A4100/dev`.
 */
export function issuerName(url: string): string {
  return url
    .replace(/^https:\/\//, "")
    .replace(/[^A-Za-z0-9./-]|\/$|(?<=\/)\//gu, (text) =>
      [...Buffer.from(text)].map((byte) => `_${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
    );
}
