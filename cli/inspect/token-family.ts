import { isJsonObject, type JsonObject } from "../../lib/json.ts";
import { decodeObject } from "./decoded-token.ts";

/** What kind of token a text is. */
export interface TokenFamily {
  /** Stable, for programs. */
  readonly name: string;
  /** For people: what it is, and where it comes from. */
  readonly title: string;
  /** Whether a cluster issues such tokens for service accounts. */
  readonly fromCluster: boolean;
  /** Whether kubelet keeps it in a file, and replaces it. */
  readonly keptByKubelet?: true;
  /** Made for another reader: why podgate is none, and what to do. */
  readonly otherReader?: string;
}

const OWN_VOLUME = "give podgate a projected volume of its own, beside this one";

const LEGACY_ISSUER = "kubernetes/serviceaccount";
const LEGACY_CLAIM = "kubernetes.io/serviceaccount/";

/** The family of a JWT by its claims, none of which is verified. */
export function familyOfClaims(claims: JsonObject): TokenFamily {
  if (claims["iss"] === LEGACY_ISSUER || Object.keys(claims).some((name) => name.startsWith(LEGACY_CLAIM))) {
    return cluster("legacy-secret", "legacy service account token, out of a Secret: no expiry, no audience");
  }
  const kubernetes = claims["kubernetes.io"];
  const subject = claims["sub"];
  const ofServiceAccount = typeof subject === "string" && subject.startsWith("system:serviceaccount:");
  if (isJsonObject(kubernetes)) return familyOfCluster(kubernetes, claims["aud"]);
  if (ofServiceAccount) {
    return cluster("kubernetes-without-claim", "says it is a service account's, without the claim `kubernetes.io`");
  }
  return familyOfIssuer(claims);
}

function familyOfCluster(kubernetes: JsonObject, audience: unknown): TokenFamily {
  const binding = bindingOf(kubernetes);
  const kept = binding.name.startsWith("pod") ? ({ keptByKubelet: true } as const) : {};
  const title = (text: string) => `${text}, ${binding.title}`;
  const audiences = Array.isArray(audience) ? audience : [audience];
  if ("warnafter" in kubernetes) {
    return {
      ...cluster("extended", title("the API server's own token, with its life extended (`warnafter`)")),
      ...kept,
    };
  }
  if (audiences.includes("sts.amazonaws.com")) {
    const otherReader = `it is for AWS STS (IRSA), and AWS would take it from whoever received it; ${OWN_VOLUME}`;
    return { ...cluster("irsa", title("IRSA: a service account token for AWS STS")), ...kept, otherReader };
  }
  if (audiences.includes("pods.eks.amazonaws.com")) {
    const otherReader = `it is for the EKS Pod Identity agent, which gives AWS credentials for it; ${OWN_VOLUME}`;
    return {
      ...cluster("eks-pod-identity", title("EKS Pod Identity: a service account token for its agent")),
      ...kept,
      otherReader,
    };
  }
  if (audiences.includes("api://AzureADTokenExchange")) {
    const otherReader = `it is for Microsoft Entra, which gives Azure credentials for it; ${OWN_VOLUME}`;
    return {
      ...cluster("azure-workload-identity", title("Azure Workload Identity: a service account token for Entra")),
      ...kept,
      otherReader,
    };
  }
  if (binding.name === "webhook") {
    const otherReader = "the API server shows it to an admission webhook; it is no workload's";
    return { ...cluster("webhook-bound", title("the API server's token for a webhook (KEP-6060)")), otherReader };
  }
  return { ...cluster(`projected-${binding.name}`, title("Kubernetes service account token")), ...kept };
}

interface BindingWords {
  readonly name: "pod-and-node" | "pod" | "secret" | "node" | "webhook" | "unbound";
  readonly title: string;
}

function bindingOf(kubernetes: JsonObject): BindingWords {
  const webhook = Object.keys(kubernetes).some((name) => /^(validating|mutating)webhookconfiguration$/i.test(name));
  if (webhook || "attestations" in kubernetes) return { name: "webhook", title: "bound to a webhook configuration" };
  if ("pod" in kubernetes) {
    return "node" in kubernetes
      ? { name: "pod-and-node", title: "bound to a pod and the node that it runs on" }
      : { name: "pod", title: "bound to a pod" };
  }
  if ("secret" in kubernetes) return { name: "secret", title: "bound to a Secret" };
  if ("node" in kubernetes) return { name: "node", title: "bound to a node" };
  return { name: "unbound", title: "bound to no object (`kubectl create token`)" };
}

/** Issuers that people mix up with a cluster's, each by what its `iss` looks like. */
const ISSUERS: readonly { readonly name: string; readonly title: string; readonly issuer: RegExp }[] = [
  {
    name: "github-actions",
    title: "GitHub Actions",
    issuer: /^https:\/\/token\.actions\.githubusercontent\.com(\/|$)/,
  },
  { name: "gitlab", title: "GitLab CI", issuer: /^https:\/\/gitlab\./ },
  { name: "circleci", title: "CircleCI", issuer: /^https:\/\/oidc\.circleci\.com\// },
  { name: "buildkite", title: "Buildkite", issuer: /^https:\/\/agent\.buildkite\.com$/ },
  { name: "terraform-cloud", title: "HCP Terraform", issuer: /^https:\/\/app\.terraform\.io$/ },
  { name: "vault", title: "Vault's identity tokens", issuer: /\/v1\/(?:[^/]+\/)*identity\/oidc/ },
  {
    name: "entra-id",
    title: "Microsoft Entra",
    issuer: /^https:\/\/(login\.microsoftonline\.com|sts\.windows\.net)\//,
  },
  { name: "google", title: "Google", issuer: /^(https:\/\/)?accounts\.google\.com$/ },
  { name: "cognito", title: "Amazon Cognito", issuer: /^https:\/\/cognito-idp\.[a-z0-9-]+\.amazonaws\.com\// },
  { name: "keycloak", title: "Keycloak", issuer: /^https:\/\/[^/]+\/(?:.*\/)?realms\// },
];

function familyOfIssuer({ iss, sub }: JsonObject): TokenFamily {
  if (typeof sub === "string" && sub.startsWith("spiffe://"))
    return stranger("spiffe", "SPIFFE JWT-SVID, not from Kubernetes");
  const known = typeof iss === "string" ? ISSUERS.find(({ issuer }) => issuer.test(iss)) : undefined;
  if (known !== undefined) return stranger(known.name, `OIDC token of ${known.title}, not from Kubernetes`);
  return stranger("oidc", "JWT, not from Kubernetes");
}

/** Texts that are no JWT and are known by how they begin. */
const OPAQUE: readonly { readonly name: string; readonly title: string; readonly text: RegExp }[] = [
  {
    name: "eks-api-server",
    title: "credential for an EKS API server (`aws eks get-token`): a signed AWS request, not a service account's",
    text: /^k8s-aws-v1\./,
  },
  { name: "github", title: "GitHub access token, not from Kubernetes", text: /^(gh[pousr]_|github_pat_)/ },
  { name: "vault-token", title: "Vault token, not from Kubernetes", text: /^hv[sbr]\./ },
  { name: "google-access-token", title: "Google access token, not from Kubernetes", text: /^ya29\./ },
  {
    name: "bootstrap",
    title: "Kubernetes bootstrap token, for joining nodes: no service account's",
    text: /^[a-z0-9]{6}\.[a-z0-9]{16}$/,
  },
  {
    name: "base64-of-a-token",
    title: "JWT encoded in base64 once more, as in a Secret's `data`: decode it first (`base64 -d`)",
    text: /^ZXlK[A-Za-z0-9+/_=-]+$/,
  },
];

/** The family of a text that is no JWT. */
export function familyOfText(text: string): TokenFamily {
  if (text === "") return stranger("empty", "nothing at all: the file or the variable is empty");
  const parts = text.split(".", 6);
  const header = parts.length === 5 ? decodeObject(parts[0] ?? "") : undefined;
  if (isJsonObject(header) && "enc" in header) {
    return stranger("jwe", "encrypted token (JWE): no cluster issues one, and podgate reads none");
  }
  const known = OPAQUE.find((each) => each.text.test(text));
  return known === undefined ? stranger("opaque", "text that is no JWT") : stranger(known.name, known.title);
}

function cluster(name: string, title: string): TokenFamily {
  return { name, title, fromCluster: true };
}

function stranger(name: string, title: string): TokenFamily {
  return { name, title, fromCluster: false };
}
