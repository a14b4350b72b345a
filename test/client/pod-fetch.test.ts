import { describe, expect, test } from "vitest";
import { createPodFetch } from "../../client/pod-fetch.ts";
import type { Wait } from "../../client/token-file.ts";
import { startServer } from "./loopback-server.ts";
import { createTokenVolume } from "./token-volume.ts";

/** Takes one token, which a test may change. */
function startGuarded(first: string) {
  const state = { right: first };
  return startServer(({ authorization }, response) => {
    response.writeHead(authorization === `Bearer ${state.right}` ? 200 : 401).end("answer");
  }).then((server) => Object.assign(server, { accept: (token: string) => (state.right = token) }));
}

const failing: Wait = async () => {
  throw new Error("waited, though nothing was missing");
};

describe("the token", () => {
  test.for([
    ["as kubelet writes it", "one.two.three"],
    ["with a newline, as an editor leaves it", "one.two.three\n"],
  ])("%s is sent", async ([, content = ""]) => {
    using volume = createTokenVolume(content);
    await using server = await startGuarded("one.two.three");
    const podFetch = createPodFetch({ tokenFile: volume.tokenFile, wait: failing });
    const response = await podFetch(`${server.url}/a`, { headers: { "X-One": "1", Authorization: "Basic abc" } });
    expect(response.status).toBe(200);
    expect(server.arrived).toMatchObject([{ authorization: "Bearer one.two.three", headers: { "x-one": "1" } }]);
  });

  test("is read for every call", async () => {
    using volume = createTokenVolume("first");
    await using server = await startServer((_, response) => response.end());
    const podFetch = createPodFetch({ tokenFile: volume.tokenFile, wait: failing });
    await podFetch(server.url);
    volume.swap("second");
    await podFetch(server.url);
    expect(server.arrived.map(({ authorization }) => authorization)).toEqual(["Bearer first", "Bearer second"]);
  });

  test.for<[string, number, number | undefined]>([
    ["back after 1 wait", 1, 200],
    ["back after 9 waits, 0.9 s", 9, 200],
    ["not back then", 10, undefined],
  ])("a missing file that is %s", async ([, waitsBefore, status]) => {
    using volume = createTokenVolume("token");
    await using server = await startGuarded("token");
    volume.remove();
    const waits: number[] = [];
    const podFetch = createPodFetch({
      tokenFile: volume.tokenFile,
      wait: async (milliseconds) => {
        waits.push(milliseconds);
        if (waits.length === waitsBefore) volume.swap("token");
      },
    });
    const answered = podFetch(server.url).then((response) => response.status);
    if (status !== undefined) {
      expect(await answered).toBe(status);
      expect(waits).toHaveLength(waitsBefore);
    } else {
      await expect(answered).rejects.toMatchObject({ name: "PodTokenError" });
      expect(waits).toHaveLength(9);
      expect(server.arrived).toHaveLength(0);
    }
    expect(waits.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(1000);
  });

  test("a caller who gives up ends the wait", async () => {
    using volume = createTokenVolume("token");
    volume.remove();
    const podFetch = createPodFetch({ tokenFile: volume.tokenFile });
    const reason = new Error("given up");
    await expect(podFetch("http://127.0.0.1:1/", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const later = new AbortController();
    const waiting = podFetch("http://127.0.0.1:1/", { signal: later.signal });
    later.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test.for(["a token\nand-more", "tök", "a b"])(
    "a file with %j makes no call, and no error quotes it",
    async (content) => {
      using volume = createTokenVolume(content);
      await using server = await startServer((_, response) => response.end());
      const podFetch = createPodFetch({ tokenFile: volume.tokenFile, wait: failing });
      const error = await podFetch(server.url).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: "PodTokenError", message: `${volume.tokenFile} holds no token` });
      expect(server.arrived).toHaveLength(0);
    },
  );

  test("a folder in place of the file is told at once", async () => {
    const podFetch = createPodFetch({ tokenFile: process.cwd(), wait: failing });
    await expect(podFetch("http://127.0.0.1:1/")).rejects.toMatchObject({
      name: "PodTokenError",
      message: `${process.cwd()} cannot be read`,
    });
  });
});

describe("a 401", () => {
  /** Rotates the token between the reading of it and the first answer. */
  async function callDuringRotation(init: RequestInit, asRequest = false) {
    using volume = createTokenVolume("old");
    await using server = await startServer(({ authorization }, response) => {
      if (authorization === "Bearer old") volume.swap("new");
      response.writeHead(authorization === "Bearer new" ? 200 : 401).end("answer");
    });
    const podFetch = createPodFetch({ tokenFile: volume.tokenFile, wait: failing });
    const response = await (asRequest ? podFetch(new Request(server.url, init)) : podFetch(server.url, init));
    return {
      status: response.status,
      text: await response.text(),
      bodies: server.arrived.map(({ body }) => String(body)),
    };
  }

  const stream = () => new Blob(["text"]).stream();

  test.for<[string, () => RequestInit]>([
    ["no body", () => ({})],
    ["text", () => ({ method: "POST", body: "text" })],
    ["bytes", () => ({ method: "POST", body: new TextEncoder().encode("text") })],
    ["an ArrayBuffer", () => ({ method: "POST", body: new TextEncoder().encode("text").buffer })],
    ["a Blob", () => ({ method: "POST", body: new Blob(["text"]) })],
    ["a form", () => ({ method: "POST", body: new URLSearchParams({ a: "text" }) })],
  ])("with a token that was replaced meanwhile: %s is sent again", async ([, init]) => {
    const { status, text, bodies } = await callDuringRotation(init());
    expect(status).toBe(200);
    expect(text).toBe("answer");
    expect(bodies).toHaveLength(2);
    expect(bodies[1]).toBe(bodies[0]);
  });

  test("a multipart form is sent again", async () => {
    const body = new FormData();
    body.set("a", "text");
    const { status, bodies } = await callDuringRotation({ method: "POST", body });
    expect(status).toBe(200);
    for (const each of bodies) expect(each).toContain('name="a"\r\n\r\ntext');
  });

  test("a Request without a body is sent again", async () => {
    expect(await callDuringRotation({}, true)).toMatchObject({ status: 200, bodies: ["", ""] });
  });

  test("a stream is not sent again: the 401 is returned, and can be read", async () => {
    const init: RequestInit & { duplex: "half" } = { method: "POST", body: stream(), duplex: "half" };
    expect(await callDuringRotation(init)).toEqual({ status: 401, text: "answer", bodies: ["text"] });
  });

  test("the body of a Request is not sent again", async () => {
    const { status, bodies } = await callDuringRotation({ method: "POST", body: "text" }, true);
    expect([status, bodies]).toEqual([401, ["text"]]);
  });

  test("with the same token in the file is returned as it is", async () => {
    using volume = createTokenVolume("old");
    await using server = await startGuarded("other");
    const response = await createPodFetch({ tokenFile: volume.tokenFile })(server.url);
    expect([response.status, await response.text()]).toEqual([401, "answer"]);
    expect(server.arrived).toHaveLength(1);
  });

  test("is tried again once and not more", async () => {
    using volume = createTokenVolume("token-0");
    await using server = await startServer((_, response) => {
      volume.swap(`token-${server.arrived.length}`);
      response.writeHead(401).end();
    });
    const response = await createPodFetch({ tokenFile: volume.tokenFile })(server.url);
    expect(response.status).toBe(401);
    expect(server.arrived).toHaveLength(2);
  });

  test("is returned where the file is gone by then", async () => {
    using volume = createTokenVolume("old");
    await using server = await startServer((_, response) => {
      volume.remove();
      response.writeHead(401).end();
    });
    const podFetch = createPodFetch({ tokenFile: volume.tokenFile, wait: async () => undefined });
    expect((await podFetch(server.url)).status).toBe(401);
  });

  test.for([200, 403, 500, 503])("is not what %i is: nothing is tried again", async (status) => {
    using volume = createTokenVolume("old");
    await using server = await startServer((_, response) => {
      volume.swap("new");
      response.writeHead(status).end();
    });
    expect((await createPodFetch({ tokenFile: volume.tokenFile })(server.url)).status).toBe(status);
    expect(server.arrived).toHaveLength(1);
  });
});

describe("a redirect", () => {
  test.for<[string, RequestInit, boolean]>([
    ["by default", {}, false],
    ["where the caller asks to follow", { redirect: "follow" }, false],
    ["of a Request, which follows by default", {}, true],
  ])("%s is returned, and the token goes nowhere else", async ([, init, asRequest]) => {
    using volume = createTokenVolume("token");
    await using other = await startServer((_, response) => response.end());
    await using server = await startServer((_, response) => response.writeHead(302, { location: other.url }).end());
    const podFetch = createPodFetch({ tokenFile: volume.tokenFile });
    const response = await (asRequest ? podFetch(new Request(server.url, init)) : podFetch(server.url, init));
    expect([response.status, response.headers.get("location")]).toEqual([302, other.url]);
    expect(other.arrived).toHaveLength(0);
  });

  test("rejects where the caller says error", async () => {
    using volume = createTokenVolume("token");
    await using server = await startServer((_, response) => response.writeHead(302, { location: "/b" }).end());
    const podFetch = createPodFetch({ tokenFile: volume.tokenFile });
    await expect(podFetch(server.url, { redirect: "error" })).rejects.toThrow(TypeError);
  });
});

test("1,000 calls succeed while the file rotates, is swapped, replaced and missing for a while", async () => {
  using volume = createTokenVolume("token-0");
  let generation = 0;
  let callsSinceRotation = 0;
  /** The generation at which each caller's call under way began. */
  const underWay = new Map<number, number>();
  let restore: (() => void) | undefined;
  let refused = 0;
  let waited = 0;

  const rotations = [
    (token: string) => volume.swap(token),
    (token: string) => volume.replace(token),
    (token: string) => {
      volume.remove();
      restore = () => volume.swap(token);
    },
  ];
  await using server = await startServer(({ authorization }, response) => {
    callsSinceRotation += 1;
    // A call is repeated once: one that may have the token before this one must not meet the next.
    if (callsSinceRotation >= 20 && [...underWay.values()].every((begunAt) => begunAt === generation)) {
      callsSinceRotation = 0;
      generation += 1;
      rotations[generation % rotations.length]?.(`token-${generation}`);
    }
    const isRight = authorization === `Bearer token-${generation}`;
    if (!isRight) refused += 1;
    response.writeHead(isRight ? 200 : 401).end();
  });
  const podFetch = createPodFetch({
    tokenFile: volume.tokenFile,
    wait: async () => {
      waited += 1;
      restore?.();
      restore = undefined;
    },
  });

  const statuses: number[] = [];
  const call = async (caller: number) => {
    for (let done = 0; done < 125; done += 1) {
      underWay.set(caller, generation);
      const response = await podFetch(server.url, { method: "POST", body: "body" });
      await response.arrayBuffer();
      statuses.push(response.status);
    }
    underWay.delete(caller);
  };
  await Promise.all(Array.from({ length: 8 }, (_, caller) => call(caller)));

  expect(statuses).toHaveLength(1000);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  // It was no calm sea: calls were refused for an old token, and waited for a missing file.
  expect(generation).toBeGreaterThanOrEqual(25);
  expect(refused).toBeGreaterThanOrEqual(25);
  expect(waited).toBeGreaterThan(0);
});
