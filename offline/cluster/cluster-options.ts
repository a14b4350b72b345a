import * as v from "valibot";
import { closed, oneOf, problemsOf, wholeNumber } from "./control-body.ts";
import { POD_NODES, type PodNode } from "./create-token.ts";
import { ISSUER_SHAPES, type IssuerShape } from "./issuer-shape.ts";
import { isLabel } from "./objects.ts";
import { ALGORITHMS, type Algorithm, type SigningKey } from "./signing-key.ts";

export interface ClusterOptions {
  /** DNS-1123 label; the last part of the cluster's own URL. */
  readonly name: string;
  /** @default none: the issuer is the cluster's own URL */
  readonly shape?: IssuerShape;
  /** Of the first key. @default "RS256" */
  readonly algorithm?: Algorithm;
  /** The first key, in place of a generated one. */
  readonly key?: SigningKey;
  /** What tokens bound to a pod say of its node. @default "full" */
  readonly podNode?: PodNode;
  /** Whether tokens have a `jti`, which they have since 1.29. @default true */
  readonly jti?: boolean;
  /** The API server's own, for a token that asks for none, as `--api-audiences`. @default the issuer */
  readonly audiences?: readonly string[];
  /** Requests for longer tokens are shortened, with a `Warning` header. @default no bound */
  readonly maxExpirationSeconds?: number;
  /** Lifetime of extended tokens. @default one year, 90 days of the shape `eks` */
  readonly extendedExpirationSeconds?: number;
}

const text = v.string("is not a string");
const texts = v.array(text, "is not a list");
const name = v.pipe(text, v.check(isLabel, "is not a DNS-1123 label"));

/** What a `serverless.yml` can say of a cluster: all but a key. */
const SAID = {
  shape: v.optional(oneOf(ISSUER_SHAPES)),
  algorithm: v.optional(oneOf(ALGORITHMS)),
  podNode: v.optional(oneOf(POD_NODES)),
  jti: v.optional(v.boolean("is not true or false")),
  audiences: v.optional(v.pipe(texts, v.minLength(1, "is empty"))),
  // The API server's own flag begins at an hour; the least that can be asked for is enough for a test.
  maxExpirationSeconds: v.optional(wholeNumber(600, 2 ** 32)),
  extendedExpirationSeconds: v.optional(wholeNumber(1, 2 ** 32)),
} satisfies Record<Exclude<keyof ClusterOptions, "name" | "key">, v.GenericSchema>;

const key = v.optional(
  v.custom<SigningKey>((value) => typeof value === "object" && value !== null && "sign" in value, "is no signing key"),
);
/** 0 lets the system choose. A text would be the path of a socket. */
const port = v.optional(wholeNumber(0, 65_535));

/** At least one; each name once. */
function listOf<const Cluster extends v.GenericSchema<unknown, { readonly name: string }>>(cluster: Cluster) {
  return v.pipe(
    v.array(cluster, "is not a list"),
    v.minLength(1, "is empty: at least one is needed"),
    v.rawCheck(({ dataset, addIssue }) => {
      const named = dataset.typed ? dataset.value.map((each) => each.name) : [];
      const repeated = named.find((each, index) => named.indexOf(each) !== index);
      if (repeated !== undefined) addIssue({ message: `names the cluster ${repeated} twice` });
    }),
  );
}

/** `clusters` of a `serverless.yml`. */
export const SaidClustersSchema = listOf(closed({ name, ...SAID }));

export const ClustersOptionsSchema = closed({
  port,
  clusters: listOf(closed({ name, key, ...SAID })),
  clock: v.optional(v.function("is not a function")),
});

export const StartClusterOptionsSchema = closed({ port, name: v.optional(name), key, ...SAID });

/** @throws TypeError that names every wrong option and what is allowed there */
export function checkOptions(schema: v.GenericSchema, options: unknown, of: string): void {
  const { issues = [] } = v.safeParse(schema, options);
  if (issues.length > 0) throw new TypeError(`${of}: ${problemsOf(issues, "the argument").join("; ")}`);
}
