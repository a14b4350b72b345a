import type { IssuerUrl } from "../issuer/issuer-url.ts";
import { isDnsLabel, isDnsSubdomain, type Principal } from "../names.ts";

declare const parameterName: unique symbol;

/** A full parameter name, built here from validated parts. Only such a name is ever put into a request (S43). */
export type ParameterName = string & { readonly [parameterName]: true };

/** SSM allows 1,011 characters with the ARN in front of the name, and 15 levels (PutParameter, `Name`). */
const MAX_NAME_CHARACTERS = 900;
const MAX_LEVELS = 15;

/** The names of all parameters below one prefix. */
export class ParameterNames {
  readonly #prefix: string;

  /** @param prefix - as `parseConfig` accepts it */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The path below which all issuer documents are. */
  get issuers(): ParameterName {
    return this.#name("issuers");
  }

  /** `undefined` where the name would not fit SSM: such an issuer cannot be registered. */
  issuer(url: IssuerUrl): ParameterName | undefined {
    return this.#fitting(`issuers/${encodeIssuer(url)}`);
  }

  keys(url: IssuerUrl): ParameterName | undefined {
    return this.#fitting(`keys/${encodeIssuer(url)}`);
  }

  /** `undefined` where the id is none of API Gateway's. */
  api(apiId: string): ParameterName | undefined {
    return /^[A-Za-z0-9-]{1,64}$/.test(apiId) ? this.#name(`apis/${apiId}`) : undefined;
  }

  /** `undefined` where the name is no service's. */
  service(name: string): ParameterName | undefined {
    return isDnsLabel(name) ? this.#name(`services/${name}`) : undefined;
  }

  /** One credential of a service. `undefined` where one of the names cannot be one; dots alone are a path to elsewhere. */
  secret(service: string, name: string): ParameterName | undefined {
    const isSecretName = /^[A-Za-z0-9_.-]{1,64}$/.test(name) && !/^\.+$/.test(name);
    return isDnsLabel(service) && isSecretName ? this.#name(`secrets/${service}/${name}`) : undefined;
  }

  /** From the most to the least specific: service account, namespace, cluster, then the same of the group, then everybody. */
  permissions({ cluster, namespace, serviceAccount }: Principal, group: string | undefined): readonly ParameterName[] {
    if (![cluster, namespace, group ?? cluster].every(isDnsLabel) || !isDnsSubdomain(serviceAccount)) {
      throw new TypeError("a principal is made of Kubernetes names");
    }
    const scopes = group === undefined ? [cluster] : [cluster, `_group.${group}`];
    return [
      ...scopes.flatMap((scope) => [
        `permissions/${scope}/${namespace}/${serviceAccount}`,
        `permissions/${scope}/${namespace}/_all`,
        `permissions/${scope}/_all`,
      ]),
      "permissions/_all",
    ].map((name) => this.#name(name));
  }

  #fitting(name: string): ParameterName | undefined {
    const full = this.#name(name);
    return full.length <= MAX_NAME_CHARACTERS && full.split("/").length - 1 <= MAX_LEVELS ? full : undefined;
  }

  #name(name: string): ParameterName {
    return `${this.#prefix}/${name}` as ParameterName;
  }
}

/**
 * An issuer URL as part of a parameter name: without `https://`, and every character that a name cannot hold, a `/`
 * at the end and a `/` after a `/` written `_HH`. One to one, so that no two issuers share a name.
 */
function encodeIssuer(url: IssuerUrl): string {
  const text = url.startsWith("https://") ? url.slice("https://".length) : url;
  return text.replace(/[^A-Za-z0-9./-]|\/$|(?<=\/)\//gu, escapeBytes);
}

function escapeBytes(character: string): string {
  return [...Buffer.from(character)].map((byte) => `_${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");
}
