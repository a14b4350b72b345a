import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

export interface SampleService extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
}

/**
 * An external service that shows what reached it: answers every request with 200 and, in JSON, `method`, `url` (path and
 * query as received), `headers` (name and value pairs as received, a credential included) and `body`.
 */
export async function startSampleService({ port = 0 }: { readonly port?: number } = {}): Promise<SampleService> {
  const server = createServer(async (request, response) => {
    const { method, url, rawHeaders } = request;
    const headers = rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1]]] : []));
    try {
      const body = await text(request);
      response.writeHead(200, { "content-type": "application/json" });
      response.end(`${JSON.stringify({ method, url, headers, body }, null, 2)}\n`);
    } catch {
      // The client went away while it sent its body.
      response.destroy();
    }
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
