import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { POD_FETCH_DEFAULTS } from "../../client/pod-fetch.ts";
import { startServer } from "../client/loopback-server.ts";

const run = promisify(execFile);

const textOf = (file: string) => readFile(`k8s/${file}`, "utf8");
const manifestOf = async (file: string) => parse(await textOf(file));

async function deployment() {
  const { spec } = await manifestOf("deployment.yaml");
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const [volume] = pod.volumes;
  const { serviceAccountToken: token } = volume.projected.sources[0];
  return { spec, pod, container, volume, token };
}

/** A fenced block of the page: what follows the language names it. */
async function blockOf(name: string): Promise<string> {
  const page = await textOf("README.md");
  const block = new RegExp(`^\`\`\`\\w+ ${name}\\n([\\s\\S]*?)^\`\`\`$`, "m").exec(page)?.[1];
  if (block === undefined) throw new Error(`the page has no block ${name}`);
  return block;
}

/** `kubectl kustomize` works without a cluster; there may be no kubectl where the tests run. */
const hasKubectl = await run("kubectl", ["version", "--client"]).then(
  () => true,
  () => false,
);

describe("the base", () => {
  test("is made of the files beside it, and says no namespace anywhere", async () => {
    const { resources } = await manifestOf("kustomization.yaml");
    expect(resources).toEqual(["serviceaccount.yaml", "deployment.yaml", "networkpolicy.yaml"]);
    for (const file of ["kustomization.yaml", ...resources]) {
      const documents = parseAllDocuments(await textOf(file));
      expect(documents).toHaveLength(1);
      for (const { errors, warnings } of documents) expect([...errors, ...warnings]).toEqual([]);
      expect(await textOf(file)).not.toMatch(/^\s*namespace:/m);
    }
  });

  test("the pod runs as the service account, without the token of the API server", async () => {
    const account = await manifestOf("serviceaccount.yaml");
    const { pod } = await deployment();
    expect(pod.serviceAccountName).toBe(account.metadata.name);
    expect([pod.automountServiceAccountToken, account.automountServiceAccountToken]).toEqual([false, false]);
  });

  test("the volume is mounted as a folder, and the file is the client's default", async () => {
    const { container, volume, token } = await deployment();
    const [mount] = container.volumeMounts;
    expect(mount).toEqual({ name: volume.name, mountPath: "/var/run/secrets/podgate", readOnly: true });
    expect(`${mount.mountPath}/${token.path}`).toBe(POD_FETCH_DEFAULTS.tokenFile);
    expect(container.command.join("\n")).toContain(`$(cat ${POD_FETCH_DEFAULTS.tokenFile})`);
    expect(token.expirationSeconds).toBeGreaterThanOrEqual(600);
    expect(token.expirationSeconds).toBeLessThanOrEqual(86_400);
  });

  test("selectors meet the pods' labels", async () => {
    const { spec } = await deployment();
    const policy = await manifestOf("networkpolicy.yaml");
    expect(spec.selector.matchLabels).toEqual(spec.template.metadata.labels);
    expect(policy.spec.podSelector).toEqual(spec.selector);
  });

  test("only 443 and DNS go out, and nothing comes in", async () => {
    const { spec } = await manifestOf("networkpolicy.yaml");
    expect(spec.policyTypes).toEqual(["Ingress", "Egress"]);
    expect(spec.ingress).toBeUndefined();
    const ports = spec.egress.flatMap((rule: { ports: { protocol: string; port: number }[] }) =>
      rule.ports.map(({ protocol, port }) => `${protocol} ${port}`),
    );
    expect(ports.sort()).toEqual(["TCP 443", "TCP 53", "UDP 53"]);
  });
});

describe("the pages", () => {
  test("every member in the table is the one of the manifests", async () => {
    const rows = [...(await textOf("README.md")).matchAll(/^\| (`?[\w ]+`?) \| `([^`]+)`/gm)];
    const said = Object.fromEntries(rows.map(([, member = "", value]) => [member.replaceAll("`", ""), value]));
    const { container, token } = await deployment();
    const { metadata } = await manifestOf("serviceaccount.yaml");
    expect(said).toEqual({
      "service account": metadata.name,
      audience: token.audience,
      expirationSeconds: String(token.expirationSeconds),
      "token file": POD_FETCH_DEFAULTS.tokenFile,
      PODGATE_URL: container.env[0].value,
    });
    expect(container.env[0].name).toBe("PODGATE_URL");
  });

  test("docs/first-cluster.md deploys with this audience and mounts at this path", async () => {
    const page = await readFile("docs/first-cluster.md", "utf8");
    const { container, token } = await deployment();
    expect(page).toContain(`--param audiences=${token.audience}`);
    expect(page).toContain(`mountPath: ${container.volumeMounts[0].mountPath}`);
  });

  test("the recipe is four lines of shell that send the token of the moment", async () => {
    const recipe = (await blockOf("curl")).trimEnd();
    expect(recipe.split("\n")).toHaveLength(4);
    const folder = await mkdtemp(join(tmpdir(), "podgate-recipe-"));
    await using server = await startServer((_, response) => response.end("answer"));
    try {
      const file = join(folder, "token");
      await writeFile(file, "first");
      const moved = recipe.replace(POD_FETCH_DEFAULTS.tokenFile, file);
      const script = `${moved}\nprintf second > ${file}\npodgate /services/echo/a -X POST -d body`;
      const { stdout } = await run("sh", ["-euc", script], {
        env: { PATH: process.env["PATH"], PODGATE_URL: server.url },
      });
      expect(stdout).toBe("answeransweranswer");
    } finally {
      await rm(folder, { recursive: true });
    }
    expect(
      server.arrived.map(({ method, url, authorization, body }) => [method, url, authorization, String(body)]),
    ).toEqual([
      ["GET", "/whoami", "Bearer first", ""],
      ["GET", "/services/github/repos/acme/site", "Bearer first", ""],
      ["POST", "/services/echo/a", "Bearer second", "body"],
    ]);
  });
});

describe.runIf(hasKubectl)("as kubectl builds it (skipped where there is no kubectl)", () => {
  test("the base is three objects", async () => {
    const { stdout } = await run("kubectl", ["kustomize", "k8s"]);
    const kinds = parseAllDocuments(stdout).map((document) => document.toJS().kind);
    expect(kinds.sort()).toEqual(["Deployment", "NetworkPolicy", "ServiceAccount"]);
  });

  test("the page's overlay sets namespace, URL and audience, and nothing else", async () => {
    const folder = await mkdtemp(join(tmpdir(), "podgate-overlay-"));
    try {
      await cp("k8s", join(folder, "base"), { recursive: true });
      await mkdir(join(folder, "own"));
      const overlay = (await blockOf("overlay")).replace(/https:\/\/github\.com\/\S+/, "../base");
      await writeFile(join(folder, "own", "kustomization.yaml"), overlay);
      const { stdout } = await run("kubectl", ["kustomize", join(folder, "own")]);
      const objects = parseAllDocuments(stdout).map((document) => document.toJS());
      expect(objects.map(({ metadata }) => metadata.namespace)).toEqual(["payments", "payments", "payments"]);
      const built = objects.find(({ kind }) => kind === "Deployment");

      const expected = await manifestOf("deployment.yaml");
      expected.metadata.namespace = "payments";
      const pod = expected.spec.template.spec;
      pod.containers[0].env[0].value = "https://a1b2c3d4e5.execute-api.ap-northeast-2.amazonaws.com";
      pod.volumes[0].projected.sources[0].serviceAccountToken.audience = "https://podgate.payments.example.com";
      expect(built).toEqual(expected);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
