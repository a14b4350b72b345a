import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { startHttpServer, startHttpsServer, startTcpServer, tlsFixture } from "../support/faulty-server.ts";

const fetchJsonModule = new URL("../../lib/net/fetch-json.ts", import.meta.url).href;

/** Runs a module in a process of its own and gives back what it printed, as JSON. */
async function run(source: string, env: Record<string, string> = {}): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", source], {
    env: { PATH: process.env["PATH"], ...env },
  });
  return JSON.parse(stdout);
}

/** Undici and http2 cost 30 ms of a cold start: an `import` of node:http loads both. */
const printHeavyModules = `
  const heavy = ["NativeModule internal/deps/undici/undici", "NativeModule http2"];
  console.log(JSON.stringify(heavy.filter((name) => process.moduleLoadList.includes(name))));
`;

describe("what a process loads", () => {
  test("with an import of node:http is undici: the probe sees it", async () => {
    expect(await run(`import "node:http"; ${printHeavyModules}`)).toContain("NativeModule internal/deps/undici/undici");
  });

  test("to fetch over http and https is neither undici nor http2", async () => {
    await using plain = await startHttpServer((_request, response) => response.end("1"));
    await using secure = await startHttpsServer((_request, response) => response.end("1"));
    const source = `
      import { createFetchJson } from ${JSON.stringify(fetchJsonModule)};
      const fetchJson = createFetchJson({ allowLoopbackHttp: true, totalSeconds: 60, connectSeconds: 60 });
      const options = { maxBytes: 9, network: "public", certificateAuthority: ${JSON.stringify(tlsFixture("root.pem"))} };
      await fetchJson("http://127.0.0.1:${plain.port}/", options);
      await fetchJson("https://127.0.0.1:${secure.port}/", options);
      ${printHeavyModules}
    `;
    expect(await run(source)).toEqual([]);
    expect([plain.connections, secure.connections]).toEqual([1, 1]);
  });
});

describe("variables of the environment that change Node's connections", () => {
  const fetchOnce = (url: string) => `
    import { createFetchJson } from ${JSON.stringify(fetchJsonModule)};
    const fetchJson = createFetchJson({ allowLoopbackHttp: true, totalSeconds: 60, connectSeconds: 60 });
    const fetched = fetchJson(${JSON.stringify(url)}, { maxBytes: 9, network: "public" });
    console.log(JSON.stringify(await fetched.catch((failure) => failure.reason)));
  `;

  test("do not switch off the check of certificates", async () => {
    await using server = await startHttpsServer((_request, response) => response.end("1"));
    const env = { NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_NO_WARNINGS: "1" };
    expect(await run(fetchOnce(`https://127.0.0.1:${server.port}/`), env)).toBe("tls-failed");
  });

  test("do not lead through a proxy, which would connect to an address of its own choice", async () => {
    await using server = await startHttpServer((_request, response) => response.end("1"));
    await using proxy = await startTcpServer((socket) => socket.destroy());
    const address = `http://127.0.0.1:${proxy.port}`;
    const env = { NODE_USE_ENV_PROXY: "1", HTTP_PROXY: address, HTTPS_PROXY: address };
    expect(await run(fetchOnce(`http://127.0.0.1:${server.port}/`), env)).toBe(1);
    expect(proxy.connections).toBe(0);
  });
});
