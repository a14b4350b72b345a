import { createSocket } from "node:dgram";
import { once } from "node:events";

/** What the server says of a name: its addresses by family, that there is none, that it failed, or nothing at all. */
export type DnsAnswer = { readonly 4?: string; readonly 6?: string } | "no such name" | "failure" | "silence";

export interface DnsServer extends AsyncDisposable {
  /** `address:port`. */
  readonly address: string;
  /** Names that were asked for, once for each query. */
  readonly asked: readonly string[];
}

const TYPES = { 1: 4, 28: 6 } as const;

/** A DNS server on loopback that speaks as much of RFC 1035 over UDP as A and AAAA take. */
export async function startDnsServer(answerTo: (name: string) => DnsAnswer): Promise<DnsServer> {
  const asked: string[] = [];
  const socket = createSocket("udp4", (query, { port, address }) => {
    const { name, type, question } = readQuestion(query);
    asked.push(name);
    const answer = answerTo(name);
    if (answer === "silence") return;
    const family = type in TYPES ? TYPES[type as keyof typeof TYPES] : undefined;
    const found = typeof answer === "object" && family !== undefined ? answer[family] : undefined;
    const code = answer === "no such name" ? 3 : answer === "failure" ? 2 : 0;
    const header = Buffer.alloc(12);
    query.copy(header, 0, 0, 2);
    // An answer, recursion desired and available.
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(found === undefined ? 0 : 1, 6);
    socket.send(
      Buffer.concat([header, question, ...(found === undefined ? [] : [record(type, found)])]),
      port,
      address,
    );
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    [Symbol.asyncDispose]: async () => void (await once(socket.close(), "close")),
  };
}

function readQuestion(query: Buffer) {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  // Resolvers spell names in mixed case, so that an answer is harder to forge.
  return {
    name: labels.join(".").toLowerCase(),
    type: query.readUInt16BE(at + 1),
    question: query.subarray(12, at + 5),
  };
}

/** For the name that was asked for, for a minute. */
function record(type: number, address: string): Buffer {
  const data =
    type === 1
      ? Buffer.from(address.split(".").map(Number))
      : Buffer.from(
          address
            .split(":")
            .map((group) => group.padStart(4, "0"))
            .join(""),
          "hex",
        );
  const head = Buffer.alloc(12);
  head.writeUInt16BE(0xc00c, 0);
  head.writeUInt16BE(type, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(60, 6);
  head.writeUInt16BE(data.length, 10);
  return Buffer.concat([head, data]);
}
