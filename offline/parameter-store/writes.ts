import { NAME, NAMES, type Operation, operation } from "./operation.ts";
import { readName, readNewName } from "./parameter-name.ts";
import type { ParameterTier, ParameterType } from "./parameters.ts";
import { SsmError, validationError } from "./ssm-error.ts";

export const WRITES = {
  PutParameter: operation(
    {
      Name: NAME,
      Value: { type: "string", required: true, min: 1, max: 32_768, sensitive: true },
      Type: { type: "string", oneOf: ["SecureString", "StringList", "String"] },
      Overwrite: { type: "boolean" },
      Tier: { type: "string", oneOf: ["Standard", "Advanced", "Intelligent-Tiering"] },
      Description: { type: "string", max: 1024 },
      AllowedPattern: { type: "string", max: 1024 },
      KeyId: { type: "string", min: 1, max: 256 },
      DataType: { type: "string", max: 128 },
      Tags: { type: "structures", max: 1000 },
      Policies: { type: "string", min: 1, max: 4096 },
    },
    (input, { parameters }) => {
      const { Name, Value, Type, Overwrite = false, Tier, Description, AllowedPattern, KeyId } = input;
      if (Overwrite && input.Tags !== undefined && input.Tags.length > 0) {
        throw validationError(
          "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
        );
      }
      if (input.DataType !== undefined && input.DataType !== "text") {
        throw validationError(
          `The following data type is not supported: ${input.DataType} (Data type names are all lowercase.)`,
        );
      }
      if (input.Policies !== undefined && input.Policies !== "[]") {
        throw validationError("Parameter policies are not known to the offline parameter store.");
      }
      const stored = parameters.put({
        name: readNewName(Name),
        value: Value,
        overwrite: Overwrite,
        // The constraint `oneOf` above lets nothing else through.
        type: Type as ParameterType | undefined,
        tier: Tier as ParameterTier | "Intelligent-Tiering" | undefined,
        description: Description,
        allowedPattern: AllowedPattern,
        keyId: KeyId,
      });
      return { Tier: stored.tier, Version: stored.version };
    },
  ),

  DeleteParameter: operation({ Name: NAME }, ({ Name }, { parameters }) => {
    if (!parameters.delete(readName(Name))) throw new SsmError("ParameterNotFound");
    return {};
  }),

  DeleteParameters: operation({ Names: NAMES }, ({ Names }, { parameters }) => {
    const names = [...new Set(Names)].map((asked) => ({ asked, name: readName(asked) }));
    const outcomes = names.map(({ asked, name }) => ({ asked, deleted: parameters.delete(name) }));
    return {
      DeletedParameters: outcomes.filter(({ deleted }) => deleted).map(({ asked }) => asked),
      InvalidParameters: outcomes.filter(({ deleted }) => !deleted).map(({ asked }) => asked),
    };
  }),
} as const satisfies Record<string, Operation>;
