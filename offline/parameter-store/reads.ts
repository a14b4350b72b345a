import { historyAnswer, metadataAnswer, parameterAnswer } from "./answers.ts";
import { readFilters } from "./filters.ts";
import { DECRYPTION, NAME, NAMES, type Operation, type OperationContext, operation, TOKEN } from "./operation.ts";
import { type Page, pageOf } from "./pages.ts";
import { liesBelow, type Reference, readPath, readReference } from "./parameter-name.ts";
import type { Parameters, StoredParameter } from "./parameters.ts";
import { SsmError, validationError } from "./ssm-error.ts";

export const READS = {
  GetParameter: operation({ Name: NAME, WithDecryption: DECRYPTION }, ({ Name, WithDecryption }, context) => {
    const reference = readReference(Name, (name) => context.parameters.latest(name) !== undefined);
    const found = find(reference, context.parameters);
    if (found !== undefined) {
      return { Parameter: parameterAnswer(found, readableValue(found, WithDecryption, context), reference.selector) };
    }
    if (context.parameters.latest(reference.name) === undefined) throw new SsmError("ParameterNotFound");
    throw new SsmError(
      "ParameterVersionNotFound",
      `Systems Manager could not find version ${reference.selector} of ${reference.name}. Verify the version and try again.`,
    );
  }),

  /** One illegal name fails the whole call; a name, version or label that does not exist is among InvalidParameters. */
  GetParameters: operation({ Names: NAMES, WithDecryption: DECRYPTION }, ({ Names, WithDecryption }, context) => {
    const found: { readonly parameter: StoredParameter; readonly selector: string | undefined }[] = [];
    const invalid: string[] = [];
    for (const asked of new Set(Names)) {
      const reference = readReference(asked, (name) => context.parameters.latest(name) !== undefined);
      const parameter = find(reference, context.parameters);
      if (parameter === undefined) invalid.push(asked);
      else found.push({ parameter, selector: reference.selector });
    }
    found.sort((a, b) => (a.parameter.name < b.parameter.name ? -1 : a.parameter.name > b.parameter.name ? 1 : 0));
    return {
      InvalidParameters: invalid,
      Parameters: found.map(({ parameter, selector }) =>
        parameterAnswer(parameter, readableValue(parameter, WithDecryption, context), selector),
      ),
    };
  }),

  GetParametersByPath: operation(
    {
      Path: NAME,
      Recursive: { type: "boolean" },
      ParameterFilters: { type: "structures" },
      WithDecryption: DECRYPTION,
      MaxResults: { type: "integer", min: 1, max: 10 },
      NextToken: TOKEN,
    },
    ({ Path, Recursive = false, ParameterFilters, WithDecryption, MaxResults = 10, NextToken }, context) => {
      const path = readPath(Path);
      const passes = readFilters(ParameterFilters, ["Type", "KeyId"]);
      const below = context.parameters.all().filter((each) => liesBelow(each.name, path, Recursive) && passes(each));
      const page = pageOf(below, ({ name }) => name, {
        scope: `GetParametersByPath ${path} ${Recursive}`,
        maxResults: MaxResults,
        nextToken: NextToken,
        fault: context.pageFault,
      });
      return paged(page, (each) => parameterAnswer(each, readableValue(each, WithDecryption, context)));
    },
  ),

  DescribeParameters: operation(
    {
      Filters: { type: "structures" },
      ParameterFilters: { type: "structures" },
      MaxResults: { type: "integer", min: 1, max: 50 },
      NextToken: TOKEN,
      Shared: { type: "boolean" },
    },
    ({ Filters, ParameterFilters, MaxResults = 10, NextToken, Shared = false }, context) => {
      if (Filters !== undefined) {
        throw validationError(
          "Filters is deprecated and not known to the offline parameter store: use ParameterFilters.",
        );
      }
      const passes = readFilters(ParameterFilters, ["Path", "Name", "Type", "KeyId", "Tier", "DataType"]);
      // Nothing is shared from another account offline.
      const described = Shared ? [] : context.parameters.all().filter(passes);
      const page = pageOf(described, ({ name }) => name, {
        scope: "DescribeParameters",
        maxResults: MaxResults,
        nextToken: NextToken,
        fault: context.pageFault,
      });
      return paged(page, metadataAnswer);
    },
  ),

  GetParameterHistory: operation(
    { Name: NAME, WithDecryption: DECRYPTION, MaxResults: { type: "integer", min: 1, max: 50 }, NextToken: TOKEN },
    ({ Name, WithDecryption, MaxResults = 50, NextToken }, context) => {
      const { name } = readReference(Name, (each) => context.parameters.latest(each) !== undefined);
      const history = context.parameters.history(name);
      if (history.length === 0) throw new SsmError("ParameterNotFound");
      const page = pageOf(history, ({ version }) => version, {
        scope: `GetParameterHistory ${name}`,
        maxResults: MaxResults,
        nextToken: NextToken,
        fault: context.pageFault,
      });
      return paged(page, (each) => historyAnswer(each, readableValue(each, WithDecryption, context)));
    },
  ),
} as const satisfies Record<string, Operation>;

/** Labels are not kept, so a selector which is no number finds nothing. */
function find({ name, selector }: Reference, parameters: Parameters): StoredParameter | undefined {
  if (selector === undefined) return parameters.latest(name);
  return parameters.history(name).find(({ version }) => String(version) === selector);
}

function readableValue(parameter: StoredParameter, decrypt: boolean | undefined, context: OperationContext): string {
  if (parameter.ciphertext === undefined) return parameter.value;
  if (decrypt !== true) return parameter.ciphertext;
  context.decrypting();
  return parameter.value;
}

function paged<Item>({ items, nextToken }: Page<Item>, answer: (item: Item) => object): object {
  return { Parameters: items.map(answer), ...(nextToken === undefined ? {} : { NextToken: nextToken }) };
}
