const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** The length takes one byte more, which this byte announces: r and s of P-521 (X.690 §8.1.3.5). */
const LONG_LENGTH = 0x81;

/**
 * A signature of JWS, r and s side by side (RFC 7518 §3.4), as OpenSSL reads it: a DER SEQUENCE of two INTEGERs
 * (RFC 3279 §2.2.3). Node does the same for `dsaEncoding: "ieee-p1363"`, but reads the key anew each time, which costs half
 * as much again as the check.
 *
 * @returns `undefined` where the signature has not the one length that it may have
 */
export function ecdsaSignatureDer(signature: Uint8Array, coordinateBytes: number): Uint8Array | undefined {
  if (signature.length !== 2 * coordinateBytes) return undefined;
  const r = significant(signature, 0, coordinateBytes);
  const s = significant(signature, coordinateBytes, 2 * coordinateBytes);
  const content = 4 + lengthOf(signature, r, coordinateBytes) + lengthOf(signature, s, 2 * coordinateBytes);
  const isLong = content >= 0x80;
  const der = new Uint8Array((isLong ? 3 : 2) + content);
  der[0] = SEQUENCE;
  if (isLong) der[1] = LONG_LENGTH;
  der[isLong ? 2 : 1] = content;
  const end = writeInteger(der, isLong ? 3 : 2, signature, r, coordinateBytes);
  writeInteger(der, end, signature, s, 2 * coordinateBytes);
  return der;
}

/** Where the number begins: an INTEGER has no zeros in front, but for the one that is zero itself. */
function significant(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end - 1 && bytes[at] === 0) at++;
  return at;
}

/** An INTEGER has a sign: a zero in front keeps a number with a high first bit positive. */
function needsZero(bytes: Uint8Array, from: number): boolean {
  return (bytes[from] as number) >= 0x80;
}

function lengthOf(bytes: Uint8Array, from: number, end: number): number {
  return end - from + (needsZero(bytes, from) ? 1 : 0);
}

function writeInteger(der: Uint8Array, at: number, bytes: Uint8Array, from: number, end: number): number {
  const length = lengthOf(bytes, from, end);
  der[at] = INTEGER;
  der[at + 1] = length;
  let next = at + 2 + (needsZero(bytes, from) ? 1 : 0);
  for (let index = from; index < end; index++) der[next++] = bytes[index] as number;
  return next;
}
