import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { startCluster } from "../../../offline/cluster/start-cluster.ts";
import { parts } from "./support.ts";

const isHere = spawnSync("kubectl", ["version", "--client"]).status === 0;
if (!isHere) console.warn("kubectl is not on this machine: what it says to the offline cluster is not tested");

const folder = mkdtempSync(join(tmpdir(), "podgate-kubectl-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Never with the configuration of who runs the tests. */
function kubectl(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env["PATH"], HOME: folder, KUBECONFIG: join(folder, "none") };
  return new Promise((resolve) => {
    execFile("kubectl", args, { env, timeout: 30_000 }, (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, out, err }),
    );
  });
}

describe.skipIf(!isHere)("kubectl create token", () => {
  const billing = ["create", "token", "billing", "-n", "payments"];

  test("prints a token for the audience, bound to a pod if asked, as long as asked", async () => {
    await using cluster = await startCluster({ algorithm: "ES256" });
    const at = ["--server", cluster.server];
    const plain = await kubectl(...billing, "--audience", "orders.example.com", ...at);
    expect(plain).toMatchObject({ code: 0, err: "" });
    expect(parts(plain.out.trim()).claims).toMatchObject({
      iss: cluster.url,
      aud: ["orders.example.com"],
      sub: "system:serviceaccount:payments:billing",
    });

    const pod = ["--bound-object-kind", "Pod", "--bound-object-name", "billing-0", "--duration", "20m"];
    const bound = await kubectl(...billing, "--audience", "a", "--audience", "b", ...pod, ...at);
    const { claims } = parts(bound.out.trim());
    expect(claims.aud).toEqual(["a", "b"]);
    expect(claims).toHaveProperty(["kubernetes.io", "pod", "name"], "billing-0");
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(1200);
    expect(cluster.calls.tokenRequests).toBe(2);
  });

  test("-o json prints the whole TokenRequest, and a shortened one is warned about", async () => {
    await using cluster = await startCluster({ algorithm: "ES256", maxExpirationSeconds: 3600 });
    const { out, err } = await kubectl(...billing, "--duration", "2h", "-o", "json", "--server", cluster.server);

    expect(JSON.parse(out)).toMatchObject({
      kind: "TokenRequest",
      spec: { audiences: [cluster.url], expirationSeconds: 3600 },
    });
    expect(err).toBe("Warning: requested expiration of 7200 seconds shortened to 3600 seconds\n");
  });

  test.for([
    {
      args: ["--duration", "1m"],
      error: "spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes",
    },
    {
      args: ["--bound-object-kind", "Pod", "--bound-object-name", "Billing"],
      error: 'error: failed to create token: pods "Billing" not found',
    },
    {
      args: ["--bound-object-kind", "Pod", "--bound-object-name", "billing-0", "--bound-object-uid", "x"],
      error:
        'Operation cannot be fulfilled on Pod "billing-0": the UID in the bound object reference (x) does not match',
    },
    { args: ["-n", "Payments"], error: 'error: failed to create token: namespaces "Payments" not found' },
  ])("$args fails with $error", async ({ args, error }) => {
    await using cluster = await startCluster({ algorithm: "ES256" });
    const { code, out, err } = await kubectl(...billing, ...args, "--server", cluster.server);

    expect(code).toBe(1);
    expect(out).toBe("");
    expect(err).toContain(error);
  });

  test("kubectl version and get --raw read what they read of a cluster, over TLS too", async () => {
    await using cluster = await startCluster({ algorithm: "ES256", shape: "private" });
    const authority = join(folder, "ca.pem");
    writeFileSync(authority, cluster.certificateAuthority ?? "");
    // Over TLS, kubectl asks its user for a name and a password unless it has a token.
    const at = ["--server", cluster.server, "--certificate-authority", authority, "--token", "none"];

    expect((await kubectl("version", ...at)).out).toContain("Server Version: v1.34.1+podgate-offline");
    // A path for --raw begins at the host, not at the server's URL.
    const { out } = await kubectl("get", "--raw", `/${cluster.name}/openid/v1/jwks`, ...at);
    expect(JSON.parse(out)).toEqual({ keys: cluster.keys });
    expect((await kubectl(...billing, ...at)).code).toBe(0);
  });
});
