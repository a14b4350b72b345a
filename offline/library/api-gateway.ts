import { type ApiGateway, type TwinOptions, apiGateway as twin } from "../api-gateway/twin.ts";

/**
 * One API Gateway with your Lambda authorizer, by the rules that AWS documents: `call()` makes a request as a client does
 * and tells what the client and the integration would see. Without `report`, mistakes of the authorizer are in the `advice`
 * of an answer alone.
 *
 * It opens nothing. It can be disposed of like a cluster or a store, so that tests treat all parts alike.
 *
 * @throws TypeError for a configuration that AWS would not take
 */
export function apiGateway(options: TwinOptions): ApiGateway & AsyncDisposable {
  return { ...twin(options), [Symbol.asyncDispose]: async () => undefined };
}
