import { createHash } from "node:crypto";

export type ObjectKind = "ServiceAccount" | "Pod" | "Secret" | "Node";

const LABEL = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

/** DNS-1123 label, at most 63 characters: names of namespaces (and of these clusters). */
export function isLabel(name: string): boolean {
  return LABEL.test(name);
}

/** DNS-1123 subdomain, at most 253 characters: names of service accounts, pods, secrets and nodes. */
function isSubdomain(name: string): boolean {
  return name.length <= 253 && SUBDOMAIN.test(name);
}

/** Who and where an object is. `namespace` is empty for a node, which has none. */
interface ObjectName {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: ObjectKind;
  readonly name: string;
}

/** Here everything that could exist does exist. */
export function exists({ kind, namespace, name }: ObjectName): boolean {
  return isSubdomain(name) && (kind === "Node" || isLabel(namespace));
}

/**
 * The uid of an object: a hash of its name, so that it is the same in every run, written as the version 4 UUID that
 * Kubernetes gives.
 */
export function objectUid({ cluster, namespace, kind, name }: ObjectName): string {
  return uuidOf([cluster, namespace, kind, name].join("\n"));
}

export function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The node on which a pod runs: one of three, always the same for the same pod. */
export function nodeOfPod(cluster: string, podUid: string): string {
  return `${cluster}-node-${(Number.parseInt(podUid.slice(-2), 16) % 3) + 1}`;
}
