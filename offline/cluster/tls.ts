import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import {
  Boolean as Asn1Boolean,
  Set as Asn1Set,
  type BaseBlock,
  BitString,
  Constructed,
  fromBER,
  Integer,
  ObjectIdentifier,
  OctetString,
  Primitive,
  Sequence,
  UTCTime,
  Utf8String,
} from "asn1js";

/** A server's certificate and key, and the certificate of the authority that signed it; all PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  readonly certificateAuthority: string;
}

const DAY = 24 * 3600 * 1000;
const AUTHORITY = "podgate offline authority";
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";
const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";

/** Makes an authority, and a certificate for `localhost` and 127.0.0.1. The authority's key is gone when this returns. */
export function createTlsIdentity(): TlsIdentity {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const server = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const authorityId = keyIdentifier(authority.publicKey);

  const certificateAuthority = certificate(AUTHORITY, authority.publicKey, authority.privateKey, [
    extension("2.5.29.19", sequence(new Asn1Boolean({ value: true })), "critical"), // basicConstraints: it is an authority
    extension("2.5.29.15", new BitString({ valueHex: Uint8Array.of(0b0000_0110), unusedBits: 1 }), "critical"), // keyUsage: keyCertSign, cRLSign
    extension("2.5.29.14", octets(authorityId)),
  ]);
  const cert = certificate("podgate offline cluster", server.publicKey, authority.privateKey, [
    extension("2.5.29.19", sequence(), "critical"), // basicConstraints: it is none
    extension("2.5.29.37", sequence(oid(SERVER_AUTH))), // extKeyUsage
    extension("2.5.29.17", sequence(tagged(2, Buffer.from("localhost")), tagged(7, Uint8Array.of(127, 0, 0, 1)))), // subjectAltName
    // Both identifiers, because Python refuses chains without them.
    extension("2.5.29.14", octets(keyIdentifier(server.publicKey))),
    extension("2.5.29.35", sequence(tagged(0, authorityId))),
  ]);
  const key = server.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return { cert, key, certificateAuthority };
}

/** A version 3 certificate (RFC 5280 §4.1), valid for a year, from yesterday on: clocks differ. */
function certificate(subject: string, publicKey: KeyObject, signer: KeyObject, extensions: BaseBlock[]): string {
  const algorithm = () => sequence(oid(ECDSA_WITH_SHA256));
  const serialNumber = new Integer({ valueHex: Uint8Array.of(1, ...randomBytes(15)) });
  const time = (milliseconds: number) => new UTCTime({ valueDate: new Date(Date.now() + milliseconds) });
  const toBeSigned = sequence(
    explicit(0, new Integer({ value: 2 })),
    serialNumber,
    algorithm(),
    name(AUTHORITY),
    sequence(time(-DAY), time(365 * DAY)),
    name(subject),
    fromBER(publicKey.export({ type: "spki", format: "der" })).result,
    explicit(3, sequence(...extensions)),
  );
  const signature = sign("sha256", Buffer.from(toBeSigned.toBER()), signer);
  const der = sequence(toBeSigned, algorithm(), new BitString({ valueHex: signature })).toBER();
  return new X509Certificate(Buffer.from(der)).toString();
}

function extension(id: string, value: BaseBlock, critical?: "critical"): BaseBlock {
  const encoded = octets(new Uint8Array(value.toBER()));
  return critical === undefined
    ? sequence(oid(id), encoded)
    : sequence(oid(id), new Asn1Boolean({ value: true }), encoded);
}

/** A name of one part, its common name. */
function name(text: string): BaseBlock {
  return sequence(new Asn1Set({ value: [sequence(oid(COMMON_NAME), new Utf8String({ value: text }))] }));
}

/** Of the whole SubjectPublicKeyInfo; any unique value would do (RFC 5280 §4.2.1.2). */
function keyIdentifier(publicKey: KeyObject): Uint8Array {
  return createHash("sha1")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest();
}

function sequence(...value: BaseBlock[]): Sequence {
  return new Sequence({ value });
}

function oid(value: string): ObjectIdentifier {
  return new ObjectIdentifier({ value });
}

function octets(valueHex: Uint8Array): OctetString {
  return new OctetString({ valueHex });
}

/** Tag classes: 3 is context-specific (X.680 §8.1). */
function tagged(tagNumber: number, valueHex: Uint8Array): Primitive {
  return new Primitive({ idBlock: { tagClass: 3, tagNumber }, valueHex });
}

function explicit(tagNumber: number, value: BaseBlock): Constructed {
  return new Constructed({ idBlock: { tagClass: 3, tagNumber }, value: [value] });
}
