import { ACCOUNT, arnOf } from "./parameter-name.ts";
import type { StoredParameter } from "./parameters.ts";

const USER = `arn:aws:iam::${ACCOUNT}:user/offline`;

/** `Parameter` of the API reference. Dates are epoch seconds; `value` is the text or the ciphertext. */
export function parameterAnswer(parameter: StoredParameter, value: string, selector?: string): object {
  return {
    ARN: arnOf(parameter.name),
    DataType: "text",
    LastModifiedDate: parameter.lastModified,
    Name: parameter.name,
    ...(selector === undefined ? {} : { Selector: `:${selector}` }),
    Type: parameter.type,
    Value: value,
    Version: parameter.version,
  };
}

/** `ParameterMetadata`: what DescribeParameters tells, which is everything but the value. */
export function metadataAnswer(parameter: StoredParameter): object {
  return { ARN: arnOf(parameter.name), ...sharedMembers(parameter) };
}

/** `ParameterHistory`. */
export function historyAnswer(parameter: StoredParameter, value: string): object {
  return { ...sharedMembers(parameter), Labels: [], Value: value };
}

function sharedMembers(parameter: StoredParameter): object {
  const { name, type, keyId, lastModified, description, allowedPattern, version, tier } = parameter;
  return {
    Name: name,
    Type: type,
    ...(keyId === undefined ? {} : { KeyId: keyId }),
    LastModifiedDate: lastModified,
    LastModifiedUser: USER,
    ...(description === undefined ? {} : { Description: description }),
    ...(allowedPattern === undefined ? {} : { AllowedPattern: allowedPattern }),
    Version: version,
    Tier: tier,
    Policies: [],
    DataType: "text",
  };
}
