import { createHash } from "node:crypto";
import { KEYS_PATH } from "./discovery.ts";
import { uuidOf } from "./objects.ts";
import type { KidForm } from "./signing-key.ts";

/** Whose issuer URL, key set and `kid` a cluster imitates. `private`: its own, over TLS with a certificate authority of its own. */
export const ISSUER_SHAPES = ["eks", "gke", "aks", "kind", "private"] as const;
export type IssuerShape = (typeof ISSUER_SHAPES)[number];

/** What a cluster says of itself, wherever it listens. */
interface Issuer {
  readonly issuer: string;
  readonly jwksUri: string;
  /** Where the key set is, below the issuer URL. */
  readonly keysPath: string;
}

export function kidForm(shape: IssuerShape | undefined): KidForm {
  return shape === "eks" ? "hex" : "thumbprint";
}

/**
 * The issuer of a managed cluster, the same for the same name in every run, as its documentation and users show it; of
 * `kind`, what kubeadm, kind and k3s have where nobody says otherwise: an address that only the cluster itself knows.
 */
export function issuerOfShape(shape: Exclude<IssuerShape, "private">, name: string): Issuer {
  switch (shape) {
    case "eks": {
      const id = createHash("sha256").update(name).digest("hex").slice(0, 32).toUpperCase();
      const issuer = `https://oidc.eks.us-east-1.amazonaws.com/id/${id}`;
      return { issuer, jwksUri: `${issuer}/keys`, keysPath: "/keys" };
    }
    case "gke": {
      const issuer = `https://container.googleapis.com/v1/projects/podgate-offline/locations/europe-west1/clusters/${name}`;
      return { issuer, jwksUri: `${issuer}/jwks`, keysPath: "/jwks" };
    }
    case "aks": {
      // The slash at the end belongs to it.
      const issuer = `https://westeurope.oic.prod-aks.azure.com/${uuidOf("tenant")}/${uuidOf(name)}/`;
      return { issuer, jwksUri: `${issuer}openid/v1/jwks`, keysPath: KEYS_PATH };
    }
    case "kind":
      return {
        issuer: "https://kubernetes.default.svc.cluster.local",
        // The API server's address in Docker's network.
        jwksUri: `https://172.18.0.2:6443${KEYS_PATH}`,
        keysPath: KEYS_PATH,
      };
  }
}
