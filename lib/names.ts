/**
 * Names as Kubernetes validates them (k8s.io/apimachinery pkg/util/validation): a namespace is a label, a service
 * account, pod or node a subdomain. podgate's own names (cluster, group, service) are labels too.
 */
const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** DNS-1123 label, at most 63 characters. */
export function isDnsLabel(value: unknown): value is string {
  return typeof value === "string" && value.length <= 63 && LABEL.test(value);
}

/** DNS-1123 subdomain, at most 253 characters. */
export function isDnsSubdomain(value: unknown): value is string {
  return typeof value === "string" && value.length <= 253 && SUBDOMAIN.test(value);
}

/** A service account of one cluster. Every part is a valid Kubernetes name. */
export interface Principal {
  readonly cluster: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** `<cluster>/<namespace>/<serviceaccount>`. */
export function formatPrincipal({ cluster, namespace, serviceAccount }: Principal): string {
  return `${cluster}/${namespace}/${serviceAccount}`;
}
