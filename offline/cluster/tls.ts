import { createHash, webcrypto, X509Certificate } from "node:crypto";

/** A server's certificate and key, and the certificate of the authority that signed it; all PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  readonly certificateAuthority: string;
}

const DAY = 24 * 3600 * 1000;
/** For 127.0.0.1 and localhost (RFC 5280 §4.2.1.6): 2 is a DNS name, 7 an address. */
const DNS_NAME = 2;
const IP_ADDRESS = 7;
const OID = {
  commonName: "2.5.4.3",
  authorityKeyIdentifier: "2.5.29.35",
  subjectKeyIdentifier: "2.5.29.14",
  subjectAltName: "2.5.29.17",
  keyUsage: "2.5.29.15",
  basicConstraints: "2.5.29.19",
  extKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
} as const;

/** Makes an authority, and a certificate for `localhost` and 127.0.0.1. The authority's key is gone when this returns. */
export async function createTlsIdentity(): Promise<TlsIdentity> {
  // Loaded here: only clusters with TLS need them.
  const asn1 = await import("asn1js");
  const pki = await import("pkijs");

  const keyPair = () => webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const named = (text: string) => [
    new pki.AttributeTypeAndValue({ type: OID.commonName, value: new asn1.Utf8String({ value: text }) }),
  ];
  const extension = (extnID: string, critical: boolean, value: { toBER(): ArrayBuffer }) =>
    new pki.Extension({ extnID, critical, extnValue: value.toBER() });

  /** How a certificate names a key (RFC 5280 §4.2.1.2); Python refuses chains that do not. */
  const keyIdentifier = async (keys: webcrypto.CryptoKeyPair) => {
    const spki = await webcrypto.subtle.exportKey("spki", keys.publicKey);
    return new asn1.OctetString({ valueHex: createHash("sha1").update(Buffer.from(spki)).digest() });
  };

  async function certificate(
    subject: string,
    keys: webcrypto.CryptoKeyPair,
    signer: webcrypto.CryptoKey,
    extensions: InstanceType<typeof pki.Extension>[],
  ): Promise<string> {
    const made = new pki.Certificate();
    made.version = 2;
    made.serialNumber = asn1.Integer.fromBigInt(BigInt(`0x00${crypto.randomUUID().replaceAll("-", "")}`));
    made.subject.typesAndValues = named(subject);
    made.issuer.typesAndValues = named("podgate offline authority");
    made.notBefore.value = new Date(Date.now() - DAY);
    made.notAfter.value = new Date(Date.now() + 365 * DAY);
    made.extensions = extensions;
    await made.subjectPublicKeyInfo.importKey(keys.publicKey);
    await made.sign(signer, "SHA-256");
    return new X509Certificate(Buffer.from(made.toSchema(true).toBER())).toString();
  }

  const authority = await keyPair();
  const authorityId = await keyIdentifier(authority);
  const certificateAuthority = await certificate("podgate offline authority", authority, authority.privateKey, [
    extension(OID.basicConstraints, true, new pki.BasicConstraints({ cA: true }).toSchema()),
    // keyCertSign and cRLSign.
    extension(OID.keyUsage, true, new asn1.BitString({ valueHex: new Uint8Array([0b0000_0110]), unusedBits: 1 })),
    extension(OID.subjectKeyIdentifier, false, authorityId),
  ]);
  const keys = await keyPair();
  const names = new pki.GeneralNames({
    names: [
      new pki.GeneralName({ type: DNS_NAME, value: "localhost" }),
      new pki.GeneralName({
        type: IP_ADDRESS,
        value: new asn1.OctetString({ valueHex: new Uint8Array([127, 0, 0, 1]) }),
      }),
    ],
  });
  const cert = await certificate("podgate offline cluster", keys, authority.privateKey, [
    extension(OID.basicConstraints, true, new pki.BasicConstraints({ cA: false }).toSchema()),
    extension(OID.extKeyUsage, false, new pki.ExtKeyUsage({ keyPurposes: [OID.serverAuth] }).toSchema()),
    extension(OID.subjectAltName, false, names.toSchema()),
    extension(OID.subjectKeyIdentifier, false, await keyIdentifier(keys)),
    extension(
      OID.authorityKeyIdentifier,
      false,
      new pki.AuthorityKeyIdentifier({ keyIdentifier: authorityId }).toSchema(),
    ),
  ]);
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return { cert, key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`, certificateAuthority };
}
