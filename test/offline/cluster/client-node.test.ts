import { ApiException, CoreV1Api, KubeConfig, VersionApi } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { type StartedCluster, startCluster } from "../../../offline/cluster/start-cluster.ts";
import { parts } from "./support.ts";

/** As any program with a kubeconfig would have it. The client refuses plain http unless TLS is not to be verified. */
function configFor({ server, certificateAuthority: ca }: StartedCluster): KubeConfig {
  const trust =
    ca === undefined ? { skipTLSVerify: true } : { skipTLSVerify: false, caData: Buffer.from(ca).toString("base64") };
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: "offline", server, ...trust }],
    users: [{ name: "nobody" }],
    contexts: [{ name: "offline", cluster: "offline", user: "nobody" }],
    currentContext: "offline",
  });
  return config;
}

const BILLING = { namespace: "payments", name: "billing" };

describe("Kubernetes' own JavaScript client", () => {
  test.for([{ shape: undefined }, { shape: "private" }] as const)("gets tokens (shape: $shape)", async ({ shape }) => {
    await using cluster = await startCluster({ algorithm: "ES256", ...(shape === undefined ? {} : { shape }) });
    const core = configFor(cluster).makeApiClient(CoreV1Api);
    const { status, spec } = await core.createNamespacedServiceAccountToken({
      ...BILLING,
      body: {
        spec: {
          audiences: ["orders.example.com"],
          expirationSeconds: 900,
          boundObjectRef: { apiVersion: "v1", kind: "Pod", name: "billing-0" },
        },
      },
    });
    const { claims } = parts(status?.token ?? "");

    expect(spec?.expirationSeconds).toBe(900);
    expect(claims).toMatchObject({ iss: cluster.url, aud: ["orders.example.com"] });
    expect(claims).toHaveProperty(["kubernetes.io", "pod", "name"], "billing-0");
    expect(status?.expirationTimestamp?.getTime()).toBe((claims.exp ?? 0) * 1000);
  });

  test("reads the version", async () => {
    await using cluster = await startCluster({ algorithm: "ES256" });
    expect((await configFor(cluster).makeApiClient(VersionApi).getCode()).minor).toBe("34");
  });

  test.for([
    { code: 422, reason: "Invalid", name: "billing", spec: { audiences: [], expirationSeconds: 599 } },
    { code: 404, reason: "NotFound", name: "Billing", spec: { audiences: [] } },
    {
      code: 409,
      reason: "Conflict",
      name: "billing",
      spec: { audiences: [], boundObjectRef: { kind: "Pod", name: "billing-0", uid: "x" } },
    },
    {
      code: 400,
      reason: "BadRequest",
      name: "billing",
      spec: { audiences: [], boundObjectRef: { kind: "Job", name: "x" } },
    },
  ])("gets a Status for a wrong request: $code $reason", async ({ code, reason, name, spec }) => {
    await using cluster = await startCluster({ algorithm: "ES256" });
    const core = configFor(cluster).makeApiClient(CoreV1Api);
    const refused = core.createNamespacedServiceAccountToken({ namespace: "payments", name, body: { spec } });
    const error: unknown = await refused.then(
      () => undefined,
      (reason: unknown) => reason,
    );

    expect(error).toBeInstanceOf(ApiException);
    expect(error).toMatchObject({ code });
    expect(JSON.parse((error as ApiException<string>).body)).toMatchObject({ kind: "Status", reason, code });
  });
});
