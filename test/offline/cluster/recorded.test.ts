import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Cluster } from "../../../offline/cluster/cluster.ts";
import type { ClusterOptions } from "../../../offline/cluster/cluster-options.ts";
import { startClusters } from "../../../offline/cluster/clusters.ts";
import { objectUid } from "../../../offline/cluster/objects.ts";
import { signingKey } from "../../../offline/cluster/signing-key.ts";
import { ask, type Names, named, type RecordedAnswer, recordedAnswers } from "./recorded-answers.ts";
import { CAPPED_CASES, RECORDED_CASES, type RecordedCase } from "./recorded-cases.ts";

const answers = recordedAnswers();
const RSA = signingKey(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey);

/** What differs on purpose: the case's name, and how each of the two answers is made comparable. */
const DIFFERENCES: Readonly<Record<string, (answer: RecordedAnswer) => unknown>> = {
  // Go's explanation of a syntax error is not imitated.
  "no JSON at all": withoutExplanation,
  "a long JSON object with a fault": withoutExplanation,
  "two JSON objects": withoutExplanation,
  "YAML with a fault": withoutExplanation,
  // Answers are JSON, whatever else kube-apiserver could give.
  "only HTML is accepted": withoutOtherFormats,
  "only HTML is accepted, and everything is wrong": withoutOtherFormats,
  // Another build.
  "the version": versionMembers,
  "the version with a slash at the end": versionMembers,
  // Of all resources, one is here.
  "the resources of v1": ({ status, headers, body }) => {
    const { resources, ...list } = JSON.parse(body) as { resources: readonly { name: string }[] };
    return { status, headers, list, token: resources.find(({ name }) => name === "serviceaccounts/token") };
  },
  "the API groups": ({ status, headers, body }) => {
    const { groups, ...list } = JSON.parse(body) as { groups: readonly unknown[] };
    return { status, headers, list, areList: Array.isArray(groups) };
  },
  "the resources of authentication.k8s.io": () => "absent",
};

function withoutExplanation(answer: RecordedAnswer) {
  return { ...answer, body: answer.body.replace(/(?<=(?:json parse error|yaml): ).*(?= \()/, "…") };
}

function withoutOtherFormats(answer: RecordedAnswer) {
  return { ...answer, body: answer.body.replace(", application/yaml, application/vnd.kubernetes.protobuf", "") };
}

function versionMembers({ status, headers, body }: RecordedAnswer) {
  const version = JSON.parse(body) as Record<string, string>;
  return { status, headers, members: Object.keys(version), release: `${version["major"]}.${version["minor"]}` };
}

/** Named like the objects of the recorded cluster, with the uids of this one. */
function namesOf({ name: cluster, server, keys }: Cluster): Names {
  const names = new Map<string, string>();
  for (const [kind, name] of OBJECTS) names.set(uidOf(cluster, kind, name), `<uid ${kind} ${name}>`);
  for (const node of [1, 2, 3].map((number) => `${cluster}-node-${number}`)) {
    names.set(uidOf(cluster, "Node", node), "<uid Node worker-1>").set(node, "worker-1");
  }
  for (const key of keys) {
    for (const member of ["kid", "n", "x", "y"] as const) {
      const value = key[member];
      if (value !== undefined) names.set(value, `<${member} of ${key.alg}>`);
    }
  }
  // The real one has its host for itself.
  return names.set(server, "https://<host>").set(new URL(server).host, "<host>");
}

type Kind = Parameters<typeof objectUid>[0]["kind"];
const OBJECTS: readonly (readonly [Kind, string])[] = [
  ["ServiceAccount", "checkout"],
  ["Secret", "checkout-key"],
  ["Node", "worker-1"],
  ["Pod", "checkout-full"],
  ["Pod", "checkout-name-only"],
  ["Pod", "checkout-none"],
];

function uidOf(cluster: string, kind: Kind, name: string): string {
  return objectUid({ cluster, namespace: kind === "Node" ? "" : "payments", kind, name });
}

async function answerOf(cluster: Cluster, request: RecordedCase): Promise<RecordedAnswer> {
  const uid = (object: string) => {
    const [kind, name] = OBJECTS.find((each) => each.join(" ") === object) ?? expect.fail(`no ${object}`);
    return uidOf(cluster.name, kind, name);
  };
  return await named(await ask(cluster.server, request, uid), namesOf(cluster));
}

function recorded({ name, podNode }: RecordedCase): RecordedAnswer {
  const answer = answers[name] ?? expect.fail(`no answer to "${name}" was recorded`);
  // The node that is gone has a name of its own there.
  return podNode === "name-only" ? { ...answer, token: renamed(answer.token ?? ["", ""]) } : answer;
}

function renamed([header, claims]: readonly [string, string]): readonly [string, string] {
  return [header, claims.replace("worker-2", "worker-1")];
}

describe("answers are those of kube-apiserver 1.34.1, byte by byte", () => {
  test.for(RECORDED_CASES)("$name", async (request) => {
    await using clusters = await startClusters({
      clusters: [{ name: "kind", key: RSA, shape: "kind", podNode: request.podNode ?? "full" }],
    });
    const comparable = DIFFERENCES[request.name] ?? ((answer: RecordedAnswer) => answer);

    const given = await answerOf(clusters.cluster("kind"), request);
    expect(comparable(given)).toEqual(comparable(withHost(recorded(request))));
  });

  /** Of `kind`, the key set is at an address of Docker's. */
  function withHost(answer: RecordedAnswer): RecordedAnswer {
    return { ...answer, body: answer.body.replace("https://<host>/openid", "https://172.18.0.2:6443/openid") };
  }

  test("every case was recorded, and every difference is one of a case", () => {
    const names = [...RECORDED_CASES, ...CAPPED_CASES].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(Object.keys(answers)).toEqual(names);
    expect(names).toEqual(expect.arrayContaining(Object.keys(DIFFERENCES)));
  });
});

describe("with a cap, audiences of its own and keys of all kinds, too", () => {
  const options: ClusterOptions = {
    name: "capped",
    key: RSA,
    audiences: ["api.example.com", "kubernetes"],
    maxExpirationSeconds: 7200,
  };

  test.for(CAPPED_CASES)("$name", async (request) => {
    await using clusters = await startClusters({ clusters: [options] });
    const cluster = clusters.cluster("capped");
    await cluster.rotate({ step: "publish", algorithm: "ES256" });
    await cluster.rotate({ step: "use" });
    await cluster.rotate({ step: "publish", algorithm: "ES384" });
    await cluster.rotate({ step: "publish", algorithm: "ES512" });
    const { issuer } = cluster;
    const there = JSON.stringify(recorded(request))
      .replaceAll(/(?<=\\"iss(?:uer)?\\":\\")https:\/\/oidc\.example\.com\/clusters\/b/g, "https://<host>")
      .replaceAll("https://keys.example.com/b/jwks.json", "https://<host>/openid/v1/jwks");

    expect(issuer).toBe(cluster.server);
    expect(await answerOf(cluster, request)).toEqual(JSON.parse(there));
  });
});
