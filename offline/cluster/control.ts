import type { IncomingMessage } from "node:http";
import { type Answer, json, readBody } from "./answer.ts";
import { badRequest, methodNotAllowed } from "./api-status.ts";
import type { OfflineCluster } from "./cluster.ts";
import { ClockSettingSchema } from "./cluster-clock.ts";
import { checked, parseControlBody } from "./control-body.ts";
import { FaultsSchema } from "./faults.ts";
import { ForgeRequestSchema, forgeToken } from "./forge.ts";
import { RotationRefused, RotationSchema } from "./key-ring.ts";

/**
 * The calls that no API server has, below `/<cluster>`; `undefined` for another path. Bodies are JSON, whatever their `Content-Type`; a member that
 * is not known is a 400 which names those that are.
 *
 * - `POST /_tokens` `ForgeRequest` -> 201 `{ token, header, claims }`: a token for trying a refusal
 * - `POST /_rotate` `Rotation` -> 200 `{ signing, published }`: new keys
 * - `GET /_clock`, `PUT /_clock` `ClockSetting`, `DELETE /_clock` -> 200 `{ now }` and the setting: the time of its tokens
 * - `GET /_faults`, `PUT /_faults` `Faults`, `DELETE /_faults` -> 200 with the faults that are due then
 */
export async function control(
  request: IncomingMessage,
  cluster: OfflineCluster,
  path: string,
): Promise<Answer | undefined> {
  const calls = CALLS.get(path);
  if (calls === undefined) return undefined;
  const call = calls.get(request.method ?? "");
  if (call === undefined) throw methodNotAllowed();
  return call(cluster, parseControlBody(await readBody(request)));
}

type Call = (cluster: OfflineCluster, body: unknown) => Answer | Promise<Answer>;

const CALLS: ReadonlyMap<string, ReadonlyMap<string, Call>> = new Map([
  ["/_tokens", new Map<string, Call>([["POST", forge]])],
  ["/_rotate", new Map<string, Call>([["POST", rotate]])],
  [
    "/_clock",
    new Map<string, Call>([
      ["GET", showClock],
      ["PUT", setClock],
      ["DELETE", resetClock],
    ]),
  ],
  [
    "/_faults",
    new Map<string, Call>([
      ["GET", showFaults],
      ["PUT", setFaults],
      ["DELETE", clearFaults],
    ]),
  ],
]);

async function forge(cluster: OfflineCluster, body: unknown): Promise<Answer> {
  return json(201, await forgeToken(checked(ForgeRequestSchema, body), cluster.authority));
}

async function rotate(cluster: OfflineCluster, body: unknown): Promise<Answer> {
  try {
    return json(200, await cluster.rotate(checked(RotationSchema, body)));
  } catch (error) {
    if (error instanceof RotationRefused) throw badRequest(error.message);
    throw error;
  }
}

function showClock(cluster: OfflineCluster): Answer {
  return json(200, cluster.clock);
}

function setClock(cluster: OfflineCluster, body: unknown): Answer {
  cluster.clock.set(checked(ClockSettingSchema, body));
  return showClock(cluster);
}

function resetClock(cluster: OfflineCluster): Answer {
  cluster.clock.set();
  return showClock(cluster);
}

function showFaults(cluster: OfflineCluster): Answer {
  return json(200, cluster.faults);
}

function setFaults(cluster: OfflineCluster, body: unknown): Answer {
  const { discovery, keys, tokenRequests } = checked(FaultsSchema, body);
  cluster.clearFaults();
  if (discovery !== undefined) cluster.fault("discovery", discovery);
  if (keys !== undefined) cluster.fault("keys", keys);
  if (tokenRequests !== undefined) cluster.fault("tokenRequests", tokenRequests);
  return showFaults(cluster);
}

function clearFaults(cluster: OfflineCluster): Answer {
  cluster.clearFaults();
  return showFaults(cluster);
}
