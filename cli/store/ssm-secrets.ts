import {
  DeleteParameterCommand,
  DescribeParametersCommand,
  type ParameterMetadata,
  PutParameterCommand,
} from "@aws-sdk/client-ssm";
import type { ParameterName } from "../../lib/aws/parameter-names.ts";
import { GatewayError } from "../../lib/errors.ts";
import { PacedSsm } from "./paced-ssm.ts";
import { faultNameOf } from "./ssm-store.ts";

/** What is known of a secret without reading it. */
export interface SecretEntry {
  readonly service: string;
  readonly name: string;
  readonly version: number;
  /** As of ISO 8601. */
  readonly modified: string;
  /** The KMS key that it is encrypted with. */
  readonly keyId: string;
}

/** DescribeParameters gives fifty at most. */
const PAGE = 50;

/** The secrets below a prefix. Nothing here reads one: the call that would is not made. */
export class SsmSecrets extends PacedSsm {
  async list(service?: string): Promise<readonly SecretEntry[]> {
    const folder = `${this.prefix}/secrets`;
    const entries: SecretEntry[] = [];
    let token: string | undefined;
    do {
      await this.turn();
      const page = await this.#asking("DescribeParameters", () =>
        this.client.send(
          new DescribeParametersCommand({
            ParameterFilters: [
              { Key: "Path", Option: "Recursive", Values: [service === undefined ? folder : `${folder}/${service}`] },
            ],
            MaxResults: PAGE,
            NextToken: token,
          }),
        ),
      );
      entries.push(...(page.Parameters ?? []).flatMap((parameter) => entryOf(parameter, `${folder}/`)));
      token = page.NextToken;
    } while (token !== undefined);
    return entries.sort((one, other) => (`${one.service}/${one.name}` < `${other.service}/${other.name}` ? -1 : 1));
  }

  /** Writes it encrypted. @returns its version */
  async set(name: ParameterName, secret: string, keyId: string | undefined): Promise<number> {
    const { Version: version = 0 } = await this.#asking("PutParameter", () =>
      this.client.send(
        new PutParameterCommand({
          Name: name,
          Value: secret,
          Type: "SecureString",
          Overwrite: true,
          ...(keyId !== undefined && { KeyId: keyId }),
        }),
      ),
    );
    return version;
  }

  /** @returns whether there was one */
  async remove(name: ParameterName): Promise<boolean> {
    try {
      await this.client.send(new DeleteParameterCommand({ Name: name }));
      return true;
    } catch (error) {
      if (faultNameOf(error) === "ParameterNotFound") return false;
      throw unavailable("DeleteParameter", error);
    }
  }

  async #asking<T>(operation: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw unavailable(operation, error);
    }
  }
}

/** `[]` for a parameter that is no secret's. */
function entryOf(parameter: ParameterMetadata, folder: string): SecretEntry[] {
  const { Name: fullName = "", Version: version = 0, LastModifiedDate: modified, KeyId: keyId } = parameter;
  const [service = "", name = "", ...more] = fullName.slice(folder.length).split("/");
  if (!fullName.startsWith(folder) || name === "" || more.length > 0) return [];
  return [{ service, name, version, modified: modified?.toISOString() ?? "", keyId: keyId ?? "not encrypted" }];
}

/** The SDK's own message could quote a value. */
function unavailable(operation: string, cause: unknown): GatewayError {
  return new GatewayError(
    "PARAMETERS_UNAVAILABLE",
    `SSM ${operation} below secrets/ failed (${faultNameOf(cause)}); check the right to ssm:${operation}, the KMS key, and the network`,
  );
}
