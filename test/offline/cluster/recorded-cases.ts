import { readFileSync } from "node:fs";
import type { PodNode } from "../../../offline/cluster/create-token.ts";

/** One request that a real kube-apiserver answered, see test/fixtures/kube-apiserver. `{uid …}` stands for an object's uid. */
export interface RecordedCase {
  /** What is asked, unique among the cases. */
  readonly name: string;
  /** @default "POST" */
  readonly method?: string;
  /** Below the server's URL. @default the TokenRequest call for payments/checkout */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** As it is sent. */
  readonly body?: string;
  /** The same for bytes. */
  readonly base64?: string;
  /** What the API server knows of the pod's node. @default "full" */
  readonly podNode?: PodNode;
}

export const TOKEN_PATH = "/api/v1/namespaces/payments/serviceaccounts/checkout/token";
const API_VERSION = "authentication.k8s.io/v1";
const PROTOBUF = { "content-type": "application/vnd.kubernetes.protobuf" };
const POD = { kind: "Pod", apiVersion: "v1", name: "checkout-full" };
const HOUR_AND_SEVEN = 3607;

function spec(members: object): string {
  return JSON.stringify({ apiVersion: API_VERSION, kind: "TokenRequest", spec: members });
}

/** What kubectl sent, see test/fixtures/kubectl. */
function kubectl(file: string): Pick<RecordedCase, "headers" | "base64"> {
  const base64 = readFileSync(new URL(`../../fixtures/kubectl/${file}`, import.meta.url)).toString("base64");
  const accept = file.endsWith(".json") ? "application/json, */*" : "application/json";
  return { headers: file.endsWith(".json") ? { accept } : { ...PROTOBUF, accept }, base64 };
}

/** Hexadecimal. */
function protobuf(...hex: string[]): { headers: Record<string, string>; base64: string } {
  return { headers: PROTOBUF, base64: Buffer.from(hex.join("").replaceAll(" ", ""), "hex").toString("base64") };
}
const TYPE_META = "6b387300 0a280a18 61757468656e7469636174696f6e2e6b38732e696f2f7631 120c546f6b656e52657175657374";

const GRANTED: readonly RecordedCase[] = [
  { name: "an empty object", body: "{}" },
  { name: "null members", body: '{"spec":null,"metadata":null}' },
  { name: "an empty list of audiences", body: spec({ audiences: [], expirationSeconds: null, boundObjectRef: null }) },
  { name: "empty strings and unknown members", body: '{"kind":"","apiVersion":"","unknown":1}' },
  { name: "members whose case is not Kubernetes' own", body: '{"Spec":{"Audiences":["a"]}}' },
  { name: "two audiences", body: spec({ audiences: ["https://podgate.example.com", "b"] }) },
  { name: "an audience that Go's JSON escapes", body: spec({ audiences: ["a&b<c>\u2028"] }) },
  { name: "600 s", body: spec({ expirationSeconds: 600 }) },
  { name: "2^32 s", body: spec({ expirationSeconds: 2 ** 32 }) },
  { name: "a pod and its node", body: spec({ audiences: ["a"], boundObjectRef: POD }) },
  {
    name: "a pod whose Node object is gone",
    podNode: "name-only",
    body: spec({ audiences: ["a"], boundObjectRef: { ...POD, name: "checkout-name-only" } }),
  },
  {
    name: "a pod without a node",
    podNode: "none",
    body: spec({ audiences: ["a"], boundObjectRef: { ...POD, name: "checkout-none" } }),
  },
  {
    name: "a secret",
    body: spec({ audiences: ["a"], boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "checkout-key" } }),
  },
  {
    name: "a node",
    body: spec({ audiences: ["a"], boundObjectRef: { kind: "Node", apiVersion: "v1", name: "worker-1" } }),
  },
  {
    name: "the bound pod's uid",
    body: spec({ audiences: ["a"], boundObjectRef: { ...POD, uid: "{uid Pod checkout-full}" } }),
  },
  { name: "no apiVersion of the pod", body: spec({ boundObjectRef: { kind: "Pod", name: "checkout-full" } }) },
  { name: "another version of the pod", body: spec({ boundObjectRef: { ...POD, apiVersion: "v2" } }) },
  {
    name: "its own name, namespace and uid",
    body: '{"metadata":{"name":"checkout","namespace":"payments","uid":"{uid ServiceAccount checkout}"}}',
  },
  { name: "extended: pod-bound, 3607 s", body: spec({ expirationSeconds: HOUR_AND_SEVEN, boundObjectRef: POD }) },
  { name: "not extended: 3607 s, not bound", body: spec({ expirationSeconds: HOUR_AND_SEVEN }) },
  { name: "not extended: pod-bound, 3608 s", body: spec({ expirationSeconds: 3608, boundObjectRef: POD }) },
  {
    name: "not extended: pod-bound, 3607 s, another audience",
    body: spec({ audiences: ["a"], expirationSeconds: HOUR_AND_SEVEN, boundObjectRef: POD }),
  },
  { name: "no media type", headers: { "content-type": "" }, body: "{}" },
  { name: "JSON with a charset", headers: { "content-type": "application/json; charset=utf-8" }, body: "{}" },
  {
    name: "YAML",
    headers: { "content-type": "application/yaml" },
    body: `apiVersion: ${API_VERSION}\nkind: TokenRequest\nspec:\n  audiences: [a]\n`,
  },
  { name: "kubectl 1.27, an audience and 600 s", ...kubectl("audience-1.27.json") },
  { name: "kubectl 1.27, two audiences and a pod", ...kubectl("pod-1.27.json") },
  { name: "kubectl 1.33, an audience and 600 s", ...kubectl("audience-1.33.protobuf") },
  { name: "kubectl 1.33, two audiences and a pod", ...kubectl("pod-1.33.protobuf") },
  {
    name: "protobuf: members given twice, the second time with less",
    ...protobuf(TYPE_META, "1212", "1206 0a0161 20d804", "1208 0a0162 20b90a 0a00"),
  },
  { name: "protobuf: nothing but the type", ...protobuf(TYPE_META) },
  { name: "protobuf: unknown fields", ...protobuf(TYPE_META, "1207 f80701 fa0701 78") },
  { name: "JSON is preferred", headers: { accept: "application/json" }, body: "{}" },
  { name: "a web browser", headers: { "user-agent": "Mozilla/5.0 (X11)" }, body: "{}" },
  { name: "pretty=true", path: `${TOKEN_PATH}?pretty=true`, body: "{}" },
  {
    name: "pretty=false in a web browser",
    path: `${TOKEN_PATH}?pretty=false`,
    headers: { "user-agent": "Mozilla/5.0" },
    body: "{}",
  },
  { name: "a misspelt member", body: spec({ audience: ["a"] }) },
  {
    name: "misspelt members everywhere",
    body: JSON.stringify({
      metadata: { nmae: "checkout" },
      spec: { boundObjectRef: { ...POD, id: 1 }, expirationSecond: 600 },
      status: { tokens: [] },
    }),
  },
  {
    name: "members whose names are hard to write down",
    body: '{"\\u007fspec":1,"é":2,"a\\"b\\\\":3,"\\u0001\\n\\u0085":4}',
  },
  {
    name: "a misspelt member, which is nobody's business",
    path: `${TOKEN_PATH}?fieldValidation=Ignore`,
    body: spec({ audience: ["a"] }),
  },
  { name: "a dry run", path: `${TOKEN_PATH}?dryRun=All`, body: "{}" },
];

const REFUSED: readonly RecordedCase[] = [
  { name: "no body", body: "" },
  { name: "half a JSON object", body: '{"spec":' },
  { name: "a JSON list", body: "[]" },
  { name: "JSON null", body: "null" },
  { name: "no JSON at all", body: "audiences, please, and quickly" },
  { name: "a long JSON object with a fault", body: `{"apiVersion":"${API_VERSION}","kind":"TokenRequest",}` },
  { name: "two JSON objects", body: "{}{}" },
  { name: "another version", body: `{"apiVersion":"authentication.k8s.io/v1beta1","kind":"TokenRequest"}` },
  { name: "another kind", body: '{"apiVersion":"v1","kind":"Pod"}' },
  { name: "another kind of the same group", body: `{"apiVersion":"${API_VERSION}","kind":"TokenReview"}` },
  { name: "no such kind", body: '{"apiVersion":"example.com/v1","kind":"Thing"}' },
  { name: "an apiVersion with two slashes", body: '{"apiVersion":"a/b/c","kind":"Thing"}' },
  { name: "a kind that is a number", body: '{"kind":1}' },
  { name: "a spec that is a string", body: '{"spec":"x"}' },
  { name: "a spec that is a list", body: '{"spec":[]}' },
  { name: "an expiration that is a string", body: spec({ expirationSeconds: "3600" }) },
  { name: "an expiration that is no whole number", body: spec({ expirationSeconds: 3600.5 }) },
  { name: "an expiration beyond int64", body: '{"spec":{"expirationSeconds":9223372036854775808}}' },
  { name: "audiences that are a string", body: spec({ audiences: "x" }) },
  { name: "an audience that is true", body: spec({ audiences: ["x", true] }) },
  { name: "a name that is a list", body: '{"metadata":{"name":[]}}' },
  { name: "a bound object that is a list", body: spec({ boundObjectRef: [] }) },
  { name: "a bound uid that is a number", body: spec({ boundObjectRef: { kind: "Pod", uid: 7 } }) },
  {
    name: "misspelt members, which are wrong",
    path: `${TOKEN_PATH}?fieldValidation=Strict`,
    body: '{"kin":1,"spec":{"audience":["a"]}}',
  },
  { name: "599 s", body: spec({ expirationSeconds: 599 }) },
  { name: "0 s", body: spec({ expirationSeconds: 0 }) },
  { name: "-1 s", body: spec({ expirationSeconds: -1 }) },
  { name: "2^32 + 1 s", body: spec({ expirationSeconds: 2 ** 32 + 1 }) },
  { name: "the name of another service account", body: '{"metadata":{"name":"billing"}}' },
  { name: "another namespace", body: '{"metadata":{"namespace":"orders"}}' },
  { name: "another uid", body: '{"metadata":{"uid":"other"}}' },
  { name: "bound to a ConfigMap", body: spec({ boundObjectRef: { kind: "ConfigMap", apiVersion: "v1", name: "x" } }) },
  { name: "bound to a Pod of another group", body: spec({ boundObjectRef: { ...POD, apiVersion: "apps/v1" } }) },
  { name: "bound to a Pod of no version", body: spec({ boundObjectRef: { ...POD, apiVersion: "a/b/c" } }) },
  {
    name: "bound to a kind of no version",
    body: spec({ boundObjectRef: { kind: "Thing", apiVersion: "a/b/c", name: "x" } }),
  },
  { name: "bound to nothing", body: spec({ boundObjectRef: {} }) },
  { name: "bound to a Pod without a name", body: spec({ boundObjectRef: { kind: "Pod", apiVersion: "v1" } }) },
  { name: "bound to no such Pod", body: spec({ boundObjectRef: { ...POD, name: "Not_A_Name" } }) },
  {
    name: "bound to no such Secret",
    body: spec({ boundObjectRef: { kind: "Secret", apiVersion: "v1", name: "Not_A_Name" } }),
  },
  {
    name: "bound to no such Node",
    body: spec({ boundObjectRef: { kind: "Node", apiVersion: "v1", name: "Not_A_Name" } }),
  },
  { name: "bound to a Pod with another uid", body: spec({ boundObjectRef: { ...POD, uid: "other" } }) },
  {
    name: "two faults: too short, and bound to no such Pod",
    body: spec({ expirationSeconds: 1, boundObjectRef: { ...POD, name: "Not_A_Name" } }),
  },
  { name: "bound to no Pod of this name", body: spec({ boundObjectRef: { ...POD, name: 'a"\u0007\u001f\t' } }) },
  {
    name: "bound to no such Pod, and a misspelt member",
    body: spec({ audience: ["a"], boundObjectRef: { ...POD, name: "Not_A_Name" } }),
  },
  { name: "no such service account", path: TOKEN_PATH.replace("checkout", "Not_A_Name"), body: "{}" },
  { name: "no such namespace", path: TOKEN_PATH.replace("payments", "Not_A_Name"), body: "{}" },
  { name: "text", headers: { "content-type": "text/plain" }, body: "{}" },
  { name: "a form", headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=b" },
  { name: "a media type that is none", headers: { "content-type": "json" }, body: "{}" },
  { name: "only HTML is accepted", headers: { accept: "text/html" }, body: "{}" },
  {
    name: "only HTML is accepted, and everything is wrong",
    headers: { accept: "text/html", "content-type": "text/plain" },
    body: "",
  },
  { name: "any text or anything is accepted", headers: { accept: "text/html, */*;q=0.1" }, body: '{"spec":"x"}' },
  { name: "YAML with a fault", headers: { "content-type": "application/yaml" }, body: "spec: [" },
  { name: "protobuf: nothing", headers: PROTOBUF, body: "" },
  { name: "protobuf: JSON", headers: PROTOBUF, body: "{}" },
  { name: "protobuf: no magic number", ...protobuf("0a280a18") },
  { name: "protobuf: the magic number alone", ...protobuf("6b387300") },
  { name: "protobuf: cut inside of the envelope", ...protobuf("6b387300 0a280a18 6175") },
  { name: "protobuf: cut inside of the request", ...protobuf(TYPE_META, "1204 120a 0a01") },
  { name: "protobuf: a field of another wire type", ...protobuf(TYPE_META, "1204 1202 0801") },
  { name: "protobuf: an expiration of another wire type", ...protobuf(TYPE_META, "1205 1203 220161") },
  { name: "protobuf: another kind", ...protobuf("6b387300 0a090a027631 1203506f64") },
  {
    name: "protobuf: another version",
    ...protobuf(
      "6b387300 0a2d0a1d",
      Buffer.from("authentication.k8s.io/v1beta1").toString("hex"),
      "120c546f6b656e52657175657374",
    ),
  },
  { name: "protobuf: a status that is none", ...protobuf(TYPE_META, "1204 1a02 1200", "1205 1a03 120108") },
  { name: "protobuf: a content type of another wire type", ...protobuf(TYPE_META, "2001") },
  {
    name: "protobuf: an apiVersion with two slashes",
    ...protobuf("6b387300 0a150a05 612f622f63 120c546f6b656e52657175657374"),
  },
  { name: "protobuf: 599 s", ...protobuf(TYPE_META, "1205 1203 20d704") },
  { name: "protobuf: bound to nothing", ...protobuf(TYPE_META, "1204 1202 1a00") },
];

/** Of a server with `--service-account-max-token-expiration=2h`, `--api-audiences=api.example.com,kubernetes` and keys of all kinds. */
export const CAPPED_CASES: readonly RecordedCase[] = [
  { name: "capped: no audience", body: "{}" },
  { name: "capped: 7200 s", body: spec({ expirationSeconds: 7200 }) },
  { name: "capped: 7201 s", body: spec({ expirationSeconds: 7201 }) },
  { name: "capped: 7201 s and a misspelt member", body: spec({ expirationSeconds: 7201, audience: [] }) },
  { name: "capped: extended", body: spec({ expirationSeconds: HOUR_AND_SEVEN, boundObjectRef: POD }) },
  {
    name: "capped: extended, one of the API server's audiences",
    body: spec({ audiences: ["kubernetes"], expirationSeconds: HOUR_AND_SEVEN, boundObjectRef: POD }),
  },
  {
    name: "capped: not extended, the issuer as audience",
    body: spec({
      audiences: ["https://oidc.example.com/clusters/b"],
      expirationSeconds: HOUR_AND_SEVEN,
      boundObjectRef: POD,
    }),
  },
  { name: "capped: discovery", method: "GET", path: "/.well-known/openid-configuration" },
  { name: "capped: the key set", method: "GET", path: "/openid/v1/jwks" },
];

const ELSEWHERE: readonly RecordedCase[] = [
  { name: "discovery", method: "GET", path: "/.well-known/openid-configuration" },
  { name: "discovery with a slash at the end", method: "GET", path: "/.well-known/openid-configuration/" },
  {
    name: "discovery in a web browser",
    method: "GET",
    path: "/.well-known/openid-configuration",
    headers: { "user-agent": "Mozilla/5.0" },
  },
  { name: "discovery by POST", method: "POST", path: "/.well-known/openid-configuration", body: "" },
  {
    name: "discovery as XML only",
    method: "GET",
    path: "/.well-known/openid-configuration",
    headers: { accept: "application/xml" },
  },
  { name: "the key set", method: "GET", path: "/openid/v1/jwks" },
  { name: "the key set with a slash at the end", method: "GET", path: "/openid/v1/jwks/" },
  { name: "the key set as JSON only", method: "GET", path: "/openid/v1/jwks", headers: { accept: "application/json" } },
  {
    name: "the key set as any application",
    method: "GET",
    path: "/openid/v1/jwks",
    headers: { accept: "application/*" },
  },
  {
    name: "the key set as JSON or a key set",
    method: "GET",
    path: "/openid/v1/jwks",
    headers: { accept: "application/json;q=0.9, application/jwk-set+json" },
  },
  { name: "the key set by HEAD", method: "HEAD", path: "/openid/v1/jwks" },
  { name: "the key set by PUT", method: "PUT", path: "/openid/v1/jwks", body: "{}" },
  { name: "the version", method: "GET", path: "/version" },
  { name: "the version with a slash at the end", method: "GET", path: "/version/" },
  { name: "the version by POST", method: "POST", path: "/version", body: "" },
  { name: "the API versions", method: "GET", path: "/api" },
  { name: "the resources of v1", method: "GET", path: "/api/v1" },
  { name: "the API groups", method: "GET", path: "/apis" },
  { name: "the resources of authentication.k8s.io", method: "GET", path: "/apis/authentication.k8s.io/v1" },
  { name: "a token by GET", method: "GET", path: TOKEN_PATH },
  { name: "a token by DELETE", method: "DELETE", path: TOKEN_PATH },
  { name: "below the token", method: "POST", path: `${TOKEN_PATH}/more`, body: "{}" },
  { name: "no such API group", method: "GET", path: "/apis/nothing.example.com/v1" },
  { name: "no such resource", method: "GET", path: "/api/v1/namespaces/payments/nothing" },
  { name: "no such path", method: "GET", path: "/nothing" },
];

export const RECORDED_CASES: readonly RecordedCase[] = [...GRANTED, ...REFUSED, ...ELSEWHERE];
