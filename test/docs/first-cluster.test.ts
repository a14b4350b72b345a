import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { ParameterNames } from "../../lib/aws/parameter-names.ts";
import { parseIssuerUrl } from "../../lib/issuer/issuer-url.ts";
import { parseStoredKeySet } from "../../lib/issuer/stored-key-set.ts";
import { parseTrustedIssuer } from "../../lib/issuer/trusted-issuer.ts";
import { parsePermissionDocument } from "../../lib/permission/permission-set.ts";
import { parseRegisteredApi } from "../../lib/permission/receiver.ts";
import { http2Event } from "../support/authorizer-events.ts";
import { httpApi2Event } from "../support/http-events.ts";
import { auditOf, httpAnswerOf } from "../support/verdict.ts";
import { startWorld, type World } from "../support/world.ts";
import { blocksOf, PAGES, readPage, shellBlock } from "./page.ts";
import { canRunCommands, startPageShell } from "./page-shell.ts";
import { pageTools } from "./page-tools.ts";

const PREFIX = "/podgate/prod";
const names = new ParameterNames(PREFIX);
const everything = PAGES.flatMap(blocksOf);

function storedAs(name: string, text: string) {
  return { name: `${PREFIX}/${name}`, version: 1, revision: "1", text };
}

function issuerOf(text: string) {
  const url = parseIssuerUrl(text, true);
  if (url === undefined) throw new Error(`${text} is not an issuer URL`);
  return url;
}

/** Every name that permissions of payments/billing and payments/ticker in prod-seoul, or any cluster of prod, can have. */
const permissionNames = ["billing", "ticker"].flatMap((serviceAccount) =>
  ["prod-seoul", "dev"].flatMap((cluster) =>
    names.permissions({ cluster, namespace: "payments", serviceAccount }, "prod"),
  ),
);

/** Reads a document by the reader of its kind; gives the name that podgate looks for it under. */
const READERS: Record<string, (name: string, text: string) => string | undefined> = {
  issuers: (name, text) => names.issuer(issuerOf(parseTrustedIssuer(storedAs(name, text)).url)),
  keys: (name, text) => names.keys(issuerOf(parseStoredKeySet(storedAs(name, text)).issuer)),
  permissions: (name, text) => {
    parsePermissionDocument(storedAs(name, text));
    return permissionNames.find((known) => known === `${PREFIX}/${name}`);
  },
  apis: (name, text) => {
    parseRegisteredApi(storedAs(name, text));
    return names.api(name.split("/")[1] ?? "");
  },
};

const documents = everything.filter(({ language, title }) => language === "json" && title.includes("/"));

describe("the pages' documents", () => {
  test("there are documents of every kind", () => {
    const kinds = new Set(documents.map(({ title }) => title.split("/")[0]));
    expect([...kinds].sort()).toEqual(Object.keys(READERS).sort());
  });

  test.for(documents)("$title is read, under this name", ({ title, text }) => {
    expect(READERS[title.split("/")[0] ?? ""]?.(title, text)).toBe(`${PREFIX}/${title}`);
  });

  test.for(everything.filter(({ language }) => language === "json"))("JSON $title of $page.md parses", ({ text }) => {
    expect(JSON.parse(text)).toBeTypeOf("object");
  });

  test.for(everything.filter(({ language }) => language === "yaml"))("YAML $title of $page.md parses", ({ text }) => {
    for (const { errors, warnings } of parseAllDocuments(text)) expect([...errors, ...warnings]).toEqual([]);
  });
});

describe("the parameter names on the pages", () => {
  const issuerRows = [...readPage("first-cluster").matchAll(/^\| `(https:[^`]+)`[^|]*\| `([^`]+)` \|$/gm)];

  test("each issuer of the table has the name beside it", () => {
    expect(issuerRows.length).toBeGreaterThan(2);
    for (const [, url = "", name] of issuerRows) expect(names.issuer(issuerOf(url))).toBe(name);
  });

  test("every full name is one that podgate looks for", () => {
    const known = new Set<string>([...permissionNames, ...issuerRows.map(([, , name = ""]) => name)]);
    const written = PAGES.flatMap((page) => readPage(page).match(/\/podgate\/prod\/[A-Za-z0-9_./-]+/g) ?? [])
      // A resource of IAM, which ends in a wildcard.
      .filter((name) => !name.endsWith("/"));
    expect(written.length).toBeGreaterThan(5);
    expect(written.filter((name) => !known.has(name))).toEqual([]);
  });

  test.skipIf(!canRunCommands)("issuer_name writes every character of an issuer as podgate does", async () => {
    const urls = [
      ...issuerRows.map(([, url = ""]) => url),
      "https://kubernetes.default.svc.cluster.local",
      "https://a.example/",
      "https://a.example:8443/x_y~z/v1.2:3/A-B/",
      "https://a.example/_2F",
      "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c",
      "http://127.0.0.1:4100/dev",
    ];
    await using shell = await startPageShell(async () => "");
    const asked = urls.map((url) => `issuer_name '${url}'; echo`).join("\n");
    const written = await shell.run(`${shellBlock("first-cluster", "issuer_name() {")}\n${asked}`);
    const expected = urls.map((url) => names.issuer(issuerOf(url))?.slice(`${PREFIX}/issuers/`.length));
    expect(written.split("\n").filter((line) => line !== "")).toEqual(expected);
  });
});

describe("the pages' configuration", () => {
  const yaml = (title: string) => {
    const found = everything.find((block) => block.language === "yaml" && block.title === title);
    return parseAllDocuments(found?.text ?? "").map((document) => document.toJS());
  };

  test("the pod's token is for the registered API and lives as short as Kubernetes permits", () => {
    const [account, pod] = yaml("pod");
    const [{ serviceAccountToken }] = pod.spec.volumes[0].projected.sources;
    const api = parseRegisteredApi(storedAs("apis/a1b2c3d4e5", heredoc("apis/$API_ID")));
    expect(serviceAccountToken).toMatchObject({ audience: api.receiver.audiences[0], expirationSeconds: 600 });
    expect(pod.spec.serviceAccountName).toBe(account.metadata.name);
    expect(pod.spec.automountServiceAccountToken).toBe(false);
    const { mountPath } = pod.spec.containers[0].volumeMounts[0];
    expect(pod.spec.containers[0].command[2]).toContain(`$(cat ${mountPath}/${serviceAccountToken.path})`);
  });

  test("the issuer of one's own signs in every form that the page shows", () => {
    const own = "https://dev.clusters.example.com";
    const kind = parseAllDocuments(yaml("kind")[0].kubeadmConfigPatches[0])[0]?.toJS();
    expect(kind.apiServer.extraArgs["service-account-issuer"]).toBe(own);
    expect(yaml("kubeadm-v1beta3")[0].apiServer.extraArgs["service-account-issuer"]).toBe(own);
    const issuers = yaml("kubeadm-v1beta4")[0].apiServer.extraArgs;
    expect(issuers[0]).toEqual({ name: "service-account-issuer", value: own });
    expect(yaml("kubeadm-patch")[0][0].value).toBe(`--${issuers[1].name}=${issuers[1].value}`);
  });

  test("serverless.yml, SAM and Terraform say the same identity sources and validation expression, and a TTL of at most 60 s", () => {
    const [serverless] = yaml("serverless");
    const [sam] = yaml("sam");
    const terraform = everything.find(({ language }) => language === "hcl")?.text ?? "";
    const sources = ["$request.header.Authorization", "$context.httpMethod", "$context.path"];
    const expression = "^Bearer [-0-9A-Za-z_.]+$";

    const http = serverless.provider.httpApi.authorizers.podgate;
    const rest = serverless.functions.orders.events[0].http.authorizer;
    expect(http).toMatchObject({ identitySource: sources, enableSimpleResponses: true, payloadVersion: "2.0" });
    expect(rest.identityValidationExpression).toBe(expression);

    const samRest = sam.Resources.OrdersRestApi.Properties.Auth.Authorizers.Podgate.Identity;
    const samHttp = sam.Resources.OrdersHttpApi.Properties.Auth.Authorizers.Podgate.Identity;
    expect(samRest.ValidationExpression).toBe(expression);
    expect(samHttp).toMatchObject({ Headers: ["Authorization"], Context: ["httpMethod", "path"] });

    expect(terraform).toContain(`= ${JSON.stringify(sources).replaceAll(",", ", ")}`);
    expect(terraform).toContain(`= ${JSON.stringify(expression)}`);

    const inTerraform = [...terraform.matchAll(/ttl_in_seconds +=+ (\d+)/g)].map(([, ttl]) => Number(ttl));
    expect(inTerraform).toHaveLength(2);
    const ttls = [http.resultTtlInSeconds, rest.resultTtlInSeconds, samRest.ReauthorizeEvery, samHttp.ReauthorizeEvery];
    for (const ttl of [...ttls, ...inTerraform]) expect(ttl).toBeLessThanOrEqual(60);
  });
});

/** The document that a shell block writes before it stores it under this name. */
function heredoc(name: string): string {
  return /<<'EOT'\n(.*?)^EOT$/ms.exec(shellBlock("first-cluster", `$PREFIX/${name}`))?.[1] ?? "";
}

describe("links", () => {
  test.for(PAGES)("every link of %s.md to a section of these pages finds it", (page) => {
    const links = [...readPage(page).matchAll(/\]\((first-cluster|runbook)\.md(?:#([^)]+))?\)/g)];
    expect(links.length).toBeGreaterThan(0);
    for (const [, target = "", anchor] of links) {
      const anchors = [...readPage(target).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
        heading
          .toLowerCase()
          .replaceAll(/[^a-z0-9 -]/g, "")
          .replaceAll(" ", "-"),
      );
      if (anchor !== undefined) expect(anchors).toContain(anchor);
    }
  });
});

/** What every way through the page begins and ends with. */
const BEGIN = ["API_URL=$(output apiUrl)", "issuer_name() {"];
const END = ["permissions/$CLUSTER/payments/billing", 'apis/$API_ID"'];

/** A URL at which `whoami` answers, as API Gateway would ask it. */
async function serveWhoami(world: World, audience: string) {
  const whoami = await world.start("whoami", { PODGATE_PARAMETER_PREFIX: PREFIX, PODGATE_AUDIENCES: audience });
  const server = createServer((request, response) => {
    void whoami.call(httpApi2Event({ authorization: request.headers.authorization })).then((result) => {
      const { statusCode, headers, body } = httpAnswerOf(result);
      response.writeHead(statusCode, headers).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe.skipIf(!canRunCommands)("the commands, run one after another", () => {
  test.for([
    { way: "EKS", register: "aws eks describe-cluster", cluster: "prod-seoul", keysStored: false },
    { way: "static keys", register: 'source: "static"', cluster: "dev", keysStored: true },
  ])("$way: they lead to the first 200", async ({ register, cluster, keysStored }) => {
    await using world = await startWorld();
    await using whoami = await serveWhoami(world, "https://podgate.example.com");
    const tools = pageTools(world, { cluster: "dev", outputs: { apiUrl: whoami.url } });
    await using shell = await startPageShell(tools);
    const blocks = [...BEGIN, register, ...END, "kubectl create token"].map((part) =>
      shellBlock("first-cluster", part),
    );

    const [head = "", body = ""] = (await shell.run(blocks.join("\n"))).split("\r\n\r\n").slice(-2);

    expect(head).toContain(" 200 ");
    const principal = `${cluster}/payments/billing`;
    const shown = JSON.parse(everything.find(({ title }) => title === "whoami")?.text ?? "");
    const answered = JSON.parse(body);
    expect(Object.keys(answered)).toEqual(Object.keys(shown));
    expect(answered).toEqual({ ...shown, principal, cluster, expiresAt: answered.expiresAt });

    const issuer = issuerOf(world.cluster("dev").issuer);
    expect(world.store.get(names.keys(issuer) ?? "") !== undefined).toBe(keysStored);
    // Static keys are not asked for; those of an issuer are.
    expect(world.cluster("dev").calls.keys > (keysStored ? 1 : 0)).toBe(!keysStored);

    const authorizer = await world.start("authorizer", { PODGATE_PARAMETER_PREFIX: PREFIX });
    const call = {
      apiId: "a1b2c3d4e5",
      stage: "$default",
      authorization: `Bearer ${await world.mint("dev", { audiences: ["orders.example.com"] })}`,
    };
    const allowed = await authorizer.call(http2Event(call));
    expect(auditOf(allowed)).toMatchObject({ code: "ALLOWED", principal });
    const logged = everything.find(({ title }) => title === "access-log")?.text ?? "";
    const members = [...logged.matchAll(/\$context\.authorizer\.(\w+)/g)].map(([, member = ""]) => member);
    expect(members).toContain("decisionId");
    for (const member of members) expect(allowed.answer).toHaveProperty(["context", member]);
    expect(allowed.answer).toHaveProperty("isAuthorized", true);

    const refused = await authorizer.call(http2Event({ ...call, method: "DELETE" }));
    expect(refused.answer).toHaveProperty("isAuthorized", false);
  });

  test("a private API server is registered with its own certificate authority", async () => {
    await using world = await startWorld();
    const certificateAuthority = await readFile(new URL("../fixtures/tls/root.pem", import.meta.url), "utf8");
    await using shell = await startPageShell(pageTools(world, { cluster: "dev", certificateAuthority }));
    await shell.run([...BEGIN, 'network: "private"'].map((part) => shellBlock("first-cluster", part)).join("\n"));

    const name = "issuers/onprem.clusters.example.com";
    const issuer = parseTrustedIssuer(storedAs(name, world.store.get(`${PREFIX}/${name}`)?.value ?? ""));
    const shown = parseTrustedIssuer(storedAs(name, documents.find(({ title }) => title === name)?.text ?? ""));
    expect(issuer).toEqual({ ...shown, certificateAuthority: certificateAuthority.trimEnd() });
  });
});
