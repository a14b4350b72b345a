import { isRecord } from "./api-gateway/json.ts";
import { routeAuthorizer } from "./api-gateway/route-authorizer.ts";
import type { Serverless } from "./serverless.ts";

/**
 * Each route whose authorizer is not a function of the service or cannot be emulated, one line each. serverless-offline finds
 * the first of them too, but then it neither starts nor ends.
 */
export function routeProblems({ functions, provider }: Serverless["service"]): string[] {
  const authorizers = provider.httpApi?.authorizers ?? {};
  const problems: string[] = [];
  for (const [key, { events }] of Object.entries(functions)) {
    for (const event of Array.isArray(events) ? events : []) {
      for (const kind of ["http", "httpApi"]) {
        const route: unknown = isRecord(event) ? event[kind] : undefined;
        // A route that is a text has no authorizer.
        if (!isRecord(route)) continue;
        try {
          const found = routeAuthorizer(
            { authorizer: route["authorizer"], isHttpApi: kind === "httpApi" },
            authorizers,
          );
          if (found === undefined || Object.hasOwn(functions, found.functionKey)) continue;
          throw new Error(`the authorizer function "${found.functionKey}" does not exist`);
        } catch (error) {
          const problem = error instanceof Error ? error.message : String(error);
          problems.push(`function ${key}, ${kind} ${route["method"] ?? "*"} ${route["path"]}: ${problem}`);
        }
      }
    }
  }
  return problems;
}
