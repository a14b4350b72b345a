import { describe, expect, test } from "vitest";
import { codeOf, transportFailure } from "../../lib/net/failure.ts";

const coded = (code: unknown) => Object.assign(new Error("certificate, timeout, redirect"), { code });

describe("the reason of a broken transport is chosen by code and stage, not by words", () => {
  test.for([
    { code: "ECONNREFUSED", stage: "connecting", reason: "connection-failed" },
    { code: "EHOSTUNREACH", stage: "connecting", reason: "connection-failed" },
    { code: "ETIMEDOUT", stage: "connecting", reason: "timed-out" },
    { code: "ETIMEDOUT", stage: "connected", reason: "timed-out" },
    { code: "ECONNRESET", stage: "handshake", reason: "connection-failed" },
    { code: "EPIPE", stage: "handshake", reason: "connection-failed" },
    { code: "EPROTO", stage: "handshake", reason: "tls-failed" },
    { code: "ERR_SSL_WRONG_VERSION_NUMBER", stage: "handshake", reason: "tls-failed" },
    { code: "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", stage: "connected", reason: "tls-failed" },
    { code: "ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE", stage: "connected", reason: "tls-failed" },
    { code: "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE", stage: "connected", reason: "tls-failed" },
    { code: "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", stage: "connected", reason: "tls-failed" },
    { code: "ERR_SSL_TLSV1_ALERT_ACCESS_DENIED", stage: "connected", reason: "tls-failed" },
    { code: "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR", stage: "connected", reason: "connection-failed" },
    { code: "ERR_SSL_WRONG_VERSION_NUMBER", stage: "connected", reason: "connection-failed" },
    { code: "EPROTO", stage: "connected", reason: "connection-failed" },
    { code: "ERR_TLS_CERT_ALTNAME_INVALID", stage: "handshake", reason: "tls-failed" },
    { code: "CERT_HAS_EXPIRED", stage: "handshake", reason: "tls-failed" },
    { code: "toString", stage: "handshake", reason: "tls-failed" },
    { code: "CERT_HAS_EXPIRED", stage: "connected", reason: "connection-failed" },
    { code: "HPE_INVALID_CONSTANT", stage: "connected", reason: "connection-failed" },
    { code: "HPE_HEADER_OVERFLOW", stage: "connected", reason: "too-large" },
    { code: "HPE_CHUNK_EXTENSIONS_OVERFLOW", stage: "connected", reason: "too-large" },
  ] as const)("$code while $stage is $reason", ({ code, stage, reason }) => {
    const failure = transportFailure("https://a.example/keys", stage, coded(code));
    expect(failure.reason).toBe(reason);
    expect(failure.message).toMatch(/^https:\/\/a\.example\/keys: /);
    expect(failure.message).toContain(code);
  });

  test.for([
    { error: coded("EPIPE"), code: "EPIPE" },
    { error: coded(7), code: "no code" },
    { error: new Error("EPIPE"), code: "no code" },
    { error: { code: "EPIPE" }, code: "no code" },
    { error: undefined, code: "no code" },
  ])("the code of $error is $code", ({ error, code }) => {
    expect(codeOf(error)).toBe(code);
  });
});
