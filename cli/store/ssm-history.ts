import { GetParameterHistoryCommand, type ParameterHistory } from "@aws-sdk/client-ssm";
import { GatewayError } from "../../lib/errors.ts";
import { PacedSsm } from "./paced-ssm.ts";
import { faultNameOf } from "./ssm-store.ts";
import { DESCRIPTIONS } from "./ssm-writer.ts";

/** One version of a parameter that SSM still has: the last hundred of one that exists. */
export interface ParameterVersion {
  readonly version: number;
  readonly text: string;
  /** Epoch seconds. */
  readonly writtenAt: number;
  /** The ARN of who wrote it; empty where SSM does not say. */
  readonly writtenBy: string;
  /** Whether an apply wrote it on the way to the next version, so that nobody wanted it by itself. */
  readonly isBetween: boolean;
}

/** GetParameterHistory gives fifty at most. */
const PAGE = 50;

export class SsmHistory extends PacedSsm {
  /** The oldest first; empty where there is no such parameter. @param name - of a document, without the prefix */
  async read(name: string): Promise<readonly ParameterVersion[]> {
    const versions: ParameterVersion[] = [];
    let token: string | undefined;
    do {
      await this.turn();
      try {
        const page = await this.client.send(
          new GetParameterHistoryCommand({ Name: `${this.prefix}/${name}`, MaxResults: PAGE, NextToken: token }),
        );
        versions.push(...(page.Parameters ?? []).map(versionOf));
        token = page.NextToken;
      } catch (error) {
        const reason = faultNameOf(error);
        if (reason === "ParameterNotFound") return [];
        throw new GatewayError(
          "PARAMETERS_UNAVAILABLE",
          `SSM GetParameterHistory for ${name} failed (${reason}); check the right to ssm:GetParameterHistory, and the network`,
          { cause: error },
        );
      }
    } while (token !== undefined);
    return versions.sort((one, other) => one.version - other.version);
  }
}

function versionOf(entry: ParameterHistory): ParameterVersion {
  return {
    version: entry.Version ?? 0,
    text: entry.Value ?? "",
    writtenAt: (entry.LastModifiedDate?.getTime() ?? 0) / 1000,
    writtenBy: entry.LastModifiedUser ?? "",
    isBetween: entry.Description === DESCRIPTIONS.between,
  };
}
