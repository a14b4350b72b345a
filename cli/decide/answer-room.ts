import { GatewayError } from "../../lib/errors.ts";
import { formatPrincipal } from "../../lib/names.ts";
import type { PermissionIndex } from "../access/permission-index.ts";
import { methodsOf } from "../pattern/coverage.ts";
import type { Account, AccountAsker } from "./caller.ts";
import { authorizerQuestion } from "./question.ts";
import { type Target, titleOf } from "./target.ts";

/** Every call of somebody by an API ends in a 500, whatever the rules say. */
export interface AnswerProblem {
  /** False where an HTTP API with simple answers would have none, and its document says nothing of `answers`. */
  readonly certain: boolean;
  /** For an operator, with what to do. */
  readonly text: string;
}

/** Well below the limits of an answer and of a resource (lib/gateway/policy.ts): what is smaller need not be asked about. */
const SURELY_SMALL_ANSWER = 4000;
const SURELY_SMALL_PATH = 200;
/** Of a resource without API, stage and path: the longest partition and region, account, method, quotes and comma. */
const ARN_CHARACTERS = '"arn:aws-us-gov:execute-api:ap-southeast-1:123456789012:///OPTIONS",'.length;

/** Where the document does not say: as long as most, since what is counted is the length of ARNs. */
const SOME_ACCOUNT = "123456789012";
const SOME_REGION = "ap-northeast-2";

/** Finds callers whose permissions do not fit an authorizer's answer: asked of the authorizer itself. */
export class AnswerRoom {
  readonly #asker: AccountAsker;
  readonly #index: PermissionIndex | undefined;

  /** @param index - of all permissions: who surely fits is not asked about, which makes it cheap for very many */
  constructor(asker: AccountAsker, index?: PermissionIndex) {
    this.#asker = asker;
    this.#index = index;
  }

  /** `undefined` for a way in that is no API whose answers are kept, too. */
  async problem({ principal, issuer }: Account, target: Target): Promise<AnswerProblem | undefined> {
    const { api } = target;
    if (api === undefined || !api.document.cached || api.document.answers === "simple") return undefined;
    if (this.#index !== undefined && isSurelySmall({ principal, issuer }, target, this.#index)) return undefined;
    if (await this.#fits({ principal, issuer }, api, stageOf(target))) return undefined;
    const certain = api.document.answers === "policy";
    return { certain, text: tooLargeText(formatPrincipal(principal), titleOf(target), certain) };
  }

  async #fits(account: Account, { id, document }: NonNullable<Target["api"]>, stage: string): Promise<boolean> {
    const { account: owner = SOME_ACCOUNT, region = SOME_REGION } = document;
    const question = authorizerQuestion({
      version: "1.0",
      type: "REQUEST",
      methodArn: `arn:aws:execute-api:${region}:${owner}:${id}/${stage}/GET/`,
      headers: { Authorization: "Bearer stand.in.token" },
    });
    try {
      await this.#asker.ask(question, account);
      return true;
    } catch (error) {
      if (error instanceof GatewayError && error.code === "POLICY_TOO_LARGE") return false;
      throw error;
    }
  }
}

/**
 * @param who - one or several principals
 * @param by - one or several ways in
 */
export function tooLargeText(who: string, by: string, certain: boolean): string {
  const unless = certain ? "" : ', unless it is an HTTP API with simple answers, which "answers": "simple" says';
  return (
    `the permissions of ${who} do not fit the 8 KB of an authorizer's answer: every call by ${by} is a 500 ` +
    `(POLICY_TOO_LARGE)${unless}; write fewer, wider paths, or TTL 0 and "cached": false`
  );
}

/** Of all those that the document does not name, the one that its kinds of API have in common. */
function stageOf({ stage = "$default" }: Target): string {
  return stage;
}

function isSurelySmall(account: Account, target: Target, index: PermissionIndex): boolean {
  const { service } = target.receiver;
  const stage = stageOf(target);
  const rules = index
    .grantedTo(account)
    .documents.flatMap(({ allow, deny }) => [...allow, ...deny])
    .filter((rule) => rule.service === "*" || rule.service === service);
  const sizes = rules.map((rule) => {
    const paths = rule.paths.reduce(
      (sum, path) => sum + JSON.stringify(path).length + ARN_CHARACTERS + (target.api?.id.length ?? 0) + stage.length,
      0,
    );
    return methodsOf(rule).length * paths;
  });
  return (
    sizes.reduce((sum, size) => sum + size, 0) <= SURELY_SMALL_ANSWER &&
    rules.every(({ paths }) => paths.every((path) => path.length <= SURELY_SMALL_PATH))
  );
}
