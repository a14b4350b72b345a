/** What the URL of an issuer tells about the cluster behind it. */
export interface IssuerShape {
  readonly title: string;
  /** Many clusters have this very URL, and nobody outside of a cluster can fetch anything there. */
  readonly isShared: boolean;
  /** What to know about clusters of this kind, a line each. */
  readonly notes: readonly string[];
}

const SHARED = /^https:\/\/kubernetes\.default\.svc(?:\.cluster\.local)?$/;

const SHAPES: readonly { readonly url: RegExp; readonly title: string; readonly notes: readonly string[] }[] = [
  {
    url: /^https:\/\/oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?\/id\/[0-9A-F]{32}$/,
    title: "EKS",
    notes: [
      "EKS rotates the signing key about once a week; refresh-keys follows by itself",
      "the URL ends with the cluster's id: a cluster that is made anew has another issuer",
    ],
  },
  {
    url: /^https:\/\/container\.googleapis\.com\/v1\/projects\/[^/]+\/locations\/[^/]+\/clusters\/[^/]+$/,
    title: "GKE",
    notes: [
      "project, location and cluster name are the whole URL: a cluster that is made anew under the same name has the same issuer, so its callers are the old one's",
    ],
  },
  {
    url: /^https:\/\/(?:[a-z0-9-]+\.oic|oidc)\.prod-aks\.azure\.com\/[^/]+\/[^/]+\/$/,
    title: "AKS",
    notes: ["the `/` at the end is part of the issuer", "AKS has an issuer only where --enable-oidc-issuer was given"],
  },
];

export function shapeOf(url: string): IssuerShape {
  if (SHARED.test(url)) {
    return {
      title: "kubeadm, kind or k3s with their default issuer",
      isShared: true,
      notes: [
        "every cluster with the default issuer has this URL: only one of them can be registered, and only its keys tell its tokens from another's",
        "a cluster gets an issuer of its own by kube-apiserver's --service-account-issuer",
      ],
    };
  }
  const known = SHAPES.find((shape) => shape.url.test(url));
  if (known !== undefined) return { title: known.title, isShared: false, notes: known.notes };
  return { title: "a cluster with an issuer of its own", isShared: false, notes: almost(url) };
}

/** A URL that is nearly one of a managed cluster: mostly a copying mistake. */
function almost(url: string): string[] {
  if (/\.prod-aks\.azure\.com\//.test(url) && !url.endsWith("/")) {
    return ["AKS issuers end with a `/`, which is part of them; this one does not"];
  }
  if (/^https:\/\/oidc\.eks\./.test(url)) {
    return ["an EKS issuer is https://oidc.eks.<region>.amazonaws.com/id/<32 of 0-9 A-F>, without a `/` at the end"];
  }
  return [];
}
