import type { Cluster } from "./cluster/cluster.ts";
import type { Companion } from "./companion.ts";
import type { Ports } from "./ports.ts";
import { HOST } from "./service-changes.ts";
import type { TokenReceiver } from "./stack.ts";

/** Where no API is registered, what a token is for is known to the project's functions alone. */
const SOME_AUDIENCE = "gateway";

/**
 * What is printed once everything answers: where it is, and a command to paste, one line, that mints a token, with those
 * of the companion after it.
 */
export function greeting(
  ports: Ports,
  {
    clusters,
    receiver,
  }: { clusters: readonly Pick<Cluster, "issuer" | "controlUrl">[]; receiver?: TokenReceiver | undefined },
  companion?: Companion,
): string {
  const url = (port: number) => `http://${HOST}:${port}`;
  const places: readonly (readonly [name: string, where: string])[] = [
    ["gateway", url(ports.gateway)],
    ["clusters", clusters.map(({ controlUrl }) => controlUrl).join("  ")],
    ...clusters.filter(hasShape).map(({ issuer, controlUrl }) => ["", `${controlUrl} is ${issuer}`] as const),
    ["parameter store", url(ports.store)],
    ...(companion?.places(ports) ?? []),
  ];
  const tokenRequest = JSON.stringify({
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: [receiver?.audience ?? SOME_AUDIENCE], expirationSeconds: 3600 },
  });
  const [{ controlUrl } = { controlUrl: "" }] = clusters;
  const serviceAccount = `${controlUrl}/api/v1/namespaces/payments/serviceaccounts/billing`;
  return `
podgate offline
${places.map(([name, where]) => `  ${name.padEnd(18)}${where}`).join("\n")}

Mint a token of payments/billing in the cluster ${controlUrl.split("/").at(-1)}, valid for ${receiver?.service ?? `the audience ${SOME_AUDIENCE}, in whose place yours goes`}:
  TOKEN=$(curl -s -X POST ${serviceAccount}/token -H 'Content-Type: application/json' -d '${tokenRequest}' | sed -n 's/.*"token": *"\\([^"]*\\)".*/\\1/p')
${companion?.commands(ports) ?? ""}
Ctrl-C ends everything.
`;
}

/** Whether its tokens name another issuer than the place where it is. */
function hasShape({ issuer, controlUrl }: Pick<Cluster, "issuer" | "controlUrl">): boolean {
  return issuer !== controlUrl;
}
