import { post } from "../offline/parameter-store/store-and-client.ts";
import type { World } from "../support/world.ts";
import type { AnswerTool, ReadFile } from "./page-shell.ts";

/** What the pages' commands reach beside the world. */
export interface PageToolsOptions {
  /** The cluster that `kubectl` talks to, and that EKS describes. */
  readonly cluster: string;
  /** Outputs of the stack. */
  readonly outputs?: Readonly<Record<string, string>>;
  /** Of the API server. */
  readonly certificateAuthority?: string;
}

/** `aws` and `kubectl`, as far as the pages use them, before the world's parameter store and one of its clusters. */
export function pageTools(world: World, options: PageToolsOptions): AnswerTool {
  const cluster = world.cluster(options.cluster);
  const { outputs = {}, certificateAuthority = "" } = options;

  return async (tool, args, readFile) => {
    const line = `${tool} ${args.join(" ")}`;
    if (line.startsWith("aws ssm ")) return answerSsm(world.store.url, args, readFile);
    if (line.startsWith("aws eks describe-cluster ")) return `${cluster.issuer}\n`;
    if (line.startsWith("aws cloudformation describe-stacks ")) {
      const name = /OutputKey=='(\w+)'/.exec(line)?.[1] ?? "";
      return `${outputs[name] ?? "None"}\n`;
    }
    if (line.startsWith("kubectl get --raw ")) return (await fetch(`${cluster.issuer}${args.at(-1)}`)).text();
    if (line.includes(" get configmap kube-root-ca.crt ")) return certificateAuthority;
    if (line.startsWith("kubectl create clusterrolebinding ")) return "created\n";
    if (line.startsWith("kubectl create token ")) {
      const { n = "", audience = "", duration = "" } = flagsOf(args);
      const request = { namespace: n, serviceAccount: args[2] ?? "", audiences: [audience] };
      return (await cluster.mint({ ...request, expirationSeconds: Number.parseInt(duration, 10) * 60 })).token;
    }
    throw new Error(`the page's tools do not know: ${line}`);
  };
}

async function answerSsm(url: string, args: readonly string[], readFile: ReadFile): Promise<string> {
  const flags = flagsOf(args);
  const ask = async (operation: string, request: object): Promise<string> => {
    const response = await post(url, `AmazonSSM.${operation}`, JSON.stringify(request));
    const answer = await response.text();
    if (!response.ok) throw new Error(`${operation}: ${answer}`);
    return answer;
  };
  switch (args[1]) {
    case "put-parameter":
      return ask("PutParameter", {
        Name: flags["name"],
        Type: flags["type"],
        Value: await readFile(flags["value"] ?? ""),
        Tier: flags["tier"],
        Overwrite: flags["overwrite"] !== undefined,
      });
    case "get-parameters":
      return ask("GetParameters", { Names: [flags["names"]] });
    case "get-parameter":
      return JSON.parse(await ask("GetParameter", { Name: flags["name"] })).Parameter.Value;
    case "delete-parameter":
      return ask("DeleteParameter", { Name: flags["name"] });
    default:
      throw new Error(`the page's tools do not know: aws ssm ${args[1]}`);
  }
}

/** `--name value`, `-n value` and `--flag` by their names. */
function flagsOf(args: readonly string[]): Readonly<Record<string, string>> {
  const flags: Record<string, string> = {};
  for (const [index, arg] of args.entries()) {
    if (!arg.startsWith("-")) continue;
    const next = args[index + 1];
    flags[arg.replace(/^-+/, "")] = next === undefined || next.startsWith("--") ? "" : next;
  }
  return flags;
}
