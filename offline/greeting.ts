import type { Ports } from "./ports.ts";
import { HOST } from "./service-changes.ts";

/**
 * What is printed once everything answers: where it is, and four commands to paste, each one line, that mint a token and
 * show an allow, a 403 and a 401.
 */
export function greeting(ports: Ports): string {
  const url = (port: number) => `http://${HOST}:${port}`;
  const orders = `${url(ports.gateway)}/v1/orders`;
  const tokenRequest = JSON.stringify({
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { audiences: ["orders.example.com"], expirationSeconds: 3600 },
  });
  const serviceAccount = `${url(ports.cluster)}/dev/api/v1/namespaces/payments/serviceaccounts/billing`;
  return `
podgate offline
  gateway           ${url(ports.gateway)}
  clusters          ${url(ports.cluster)}/dev  ${url(ports.cluster)}/staging
  parameter store   ${url(ports.store)}
  sample service    ${url(ports.service)}
  external calls    ${url(ports.gateway)}/services/{echo,header,basic,oauth2,sigv4}/...
                    with a token for the audience ${url(ports.gateway)}

Mint a token of payments/billing in the cluster dev, valid for the API orders:
  TOKEN=$(curl -s -X POST ${serviceAccount}/token -H 'Content-Type: application/json' -d '${tokenRequest}' | sed -n 's/.*"token": *"\\([^"]*\\)".*/\\1/p')
Be allowed (200):
  curl -i ${orders} -H "Authorization: Bearer $TOKEN"
Be refused (403):
  curl -i -X DELETE ${orders}/7 -H "Authorization: Bearer $TOKEN"
Send no token (401):
  curl -i ${orders}

Ctrl-C ends everything.
`;
}
