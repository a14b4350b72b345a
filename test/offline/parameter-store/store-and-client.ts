import { SSMClient } from "@aws-sdk/client-ssm";
import { type ParameterStoreOptions, startParameterStore } from "../../../offline/parameter-store/parameter-store.ts";

/** A parameter store of its own and the real SDK client, which asks once and does not repeat. */
export async function startStoreAndClient(options?: ParameterStoreOptions) {
  const store = await startParameterStore(options);
  const client = new SSMClient({
    endpoint: store.url,
    region: "us-east-1",
    credentials: { accessKeyId: "offline", secretAccessKey: "offline" },
    maxAttempts: 1,
  });
  return {
    store,
    client,
    async [Symbol.asyncDispose]() {
      client.destroy();
      await store[Symbol.asyncDispose]();
    },
  };
}

/** The name of the error of a call, "answered" where there is none. */
export async function outcomeOf(call: Promise<unknown>): Promise<string> {
  return (await errorOf(call))?.name ?? "answered";
}

export async function errorOf(call: Promise<unknown>): Promise<Error | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** A request without a signature, as a person with curl makes it. */
export function post(url: string, operation: string, body: string): Promise<Response> {
  return fetch(url, {
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": operation },
    body,
  });
}
