/** A text in which nothing is escaped. */
const TEXT = '"[^"\\\\]*"';
const OBJECT = `\\{"name":${TEXT}(?:,"uid":${TEXT})?\\}`;

/**
 * Claims as kube-apiserver writes them (kubernetes pkg/serviceaccount/claims.go): Go sorts the members of a map, so each has
 * one place. No loop takes the character that ends it, so the time is the text's length.
 */
const CLAIMS = new RegExp(
  `^\\{"aud":\\[${TEXT}(?:,${TEXT})*\\],"exp":[0-9]+,"iat":[0-9]+,"iss":${TEXT},(?:"jti":${TEXT},)?` +
    `"kubernetes\\.io":\\{"namespace":${TEXT},(?:"node":${OBJECT},)?(?:"pod":${OBJECT},)?(?:"secret":${OBJECT},)?` +
    `"serviceaccount":${OBJECT}\\},"nbf":[0-9]+,"sub":${TEXT}\\}$`,
);

/**
 * Whether claims stand there letter by letter as kube-apiserver writes them. Then, if it is JSON at all, no member stands there
 * twice: each is spelled out above once, and a text without escapes ends at its quote. Other claims are searched instead.
 */
export function isWrittenByKubernetes(json: string): boolean {
  return CLAIMS.test(json);
}
