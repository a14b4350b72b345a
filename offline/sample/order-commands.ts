import type { Ports } from "../ports.ts";
import { HOST } from "../service-changes.ts";

/** Commands to paste that show an allow, a 403 and a 401 of the sample API, with the token in the variable TOKEN. */
export function orderCommands(ports: Ports): string {
  const orders = `http://${HOST}:${ports.gateway}/v1/orders`;
  return `Be allowed (200):
  curl -i ${orders} -H "Authorization: Bearer $TOKEN"
Be refused (403):
  curl -i -X DELETE ${orders}/7 -H "Authorization: Bearer $TOKEN"
Send no token (401):
  curl -i ${orders}
`;
}
