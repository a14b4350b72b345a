import type { ServerResponse } from "node:http";
import type { Faults } from "./faults.ts";
import { OPERATION_NAMES } from "./operations.ts";
import { readFaults } from "./read-faults.ts";
import { parseJson, send } from "./wire.ts";

/**
 * Answers `/_faults`. PUT: one `Fault` or a list of them, in JSON, in place of those before; DELETE: none any more; GET: a
 * look. All answer `{ "faults": [...] }`, what is in force now, with `calls` counted down; 400 and 405 have a `message`.
 */
export function controlFaults(
  method: string | undefined,
  text: string,
  response: ServerResponse,
  faults: Faults,
): void {
  if (method !== "GET" && method !== "PUT" && method !== "DELETE") {
    send(response, 405, { message: "GET, PUT and DELETE only" });
    return;
  }
  try {
    if (method !== "GET") faults.set(method === "PUT" ? readFaults(parseJson(text), OPERATION_NAMES) : []);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    send(response, 400, { message: error.message });
    return;
  }
  send(response, 200, { faults: faults.list() });
}
