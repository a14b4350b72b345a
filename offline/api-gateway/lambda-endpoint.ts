import type { Invocation } from "./authorizer-answer.ts";

/**
 * Invokes a function through the Lambda API that serverless-offline serves (AWS Lambda API reference, `Invoke`): an error
 * of the function comes with status 200, `X-Amz-Function-Error` and `{errorMessage}`.
 *
 * @param lambdaUrl - for example `http://127.0.0.1:3002`
 * @param functionName - as deployed: `podgate-dev-authorizer`
 * @param signal - ends the wait; what was asked counts as failed then
 */
export async function invokeFunction(
  lambdaUrl: string,
  functionName: string,
  event: unknown,
  signal: AbortSignal,
): Promise<Invocation> {
  try {
    const url = `${lambdaUrl}/2015-03-31/functions/${encodeURIComponent(functionName)}/invocations`;
    const response = await fetch(url, { method: "POST", body: JSON.stringify(event), signal });
    const text = await response.text();
    const value: unknown = text === "" ? undefined : JSON.parse(text);
    if (response.headers.has("x-amz-function-error")) return { outcome: "failed", message: errorMessage(value) };
    if (!response.ok) return { outcome: "failed", message: `the Lambda endpoint answered ${response.status}` };
    return { outcome: "returned", value };
  } catch {
    return { outcome: "failed", message: "the Lambda endpoint did not answer in time, or not with JSON" };
  }
}

function errorMessage(value: unknown): string {
  if (typeof value !== "object" || value === null || !("errorMessage" in value)) return "";
  return typeof value.errorMessage === "string" ? value.errorMessage : "";
}
