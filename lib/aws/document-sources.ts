import { AgingCache, type AgingCacheOptions } from "../aging-cache.ts";
import type { Awaitable } from "../awaitable.ts";
import type { StoredDocument } from "../document.ts";
import type { IssuerSource } from "../issuer/issuer-source.ts";
import { parseStoredKeySet } from "../issuer/stored-key-set.ts";
import { parseTrustedIssuer } from "../issuer/trusted-issuer.ts";
import { createLru } from "../lru.ts";
import type { Principal } from "../names.ts";
import { type PermissionSet, type PermissionSource, parsePermissionDocument } from "../permission/permission-set.ts";
import { type ApiSource, parseRegisteredApi } from "../permission/receiver.ts";
import { parseExternalService, type ServiceSource } from "../service/external-service.ts";
import type { ParameterName, ParameterNames } from "./parameter-names.ts";
import type { ReadParameters } from "./parameter-reader.ts";

export interface DocumentSourceOptions extends Omit<AgingCacheOptions<unknown>, "read" | "capacity"> {
  readonly names: ParameterNames;
  readonly read: ReadParameters;
}

/**
 * Principals whose permissions are kept, absent ones included. Full documents of 4 KB take 40 to 46 KB parsed and
 * indexed, so this many take some 190 MB, 254 at the worst, of a function's 512; where there are none, 1 MB.
 */
const PERMISSION_SETS = 4096;
const PARSED_DOCUMENTS = 4096;
const APIS = 256;
const SERVICES = 256;

/** Issuer and key set documents. Their age is kept by the `IssuerDirectory`. */
export function createIssuerSource({ names, read }: Pick<DocumentSourceOptions, "names" | "read">): IssuerSource {
  const parseIssuer = parseOnce(parseTrustedIssuer);
  const parseKeySet = parseOnce(parseStoredKeySet);
  return {
    async read(url) {
      const issuerName = names.issuer(url);
      const keysName = names.keys(url);
      if (issuerName === undefined || keysName === undefined) return undefined;
      const found = await read([issuerName, keysName]);
      const issuer = found.get(issuerName);
      if (issuer === undefined) return undefined;
      const keySet = found.get(keysName);
      return { issuer: parseIssuer(issuer), keySet: keySet && parseKeySet(keySet) };
    },
  };
}

/** Receiver documents by API id. */
export function createApiSource(options: DocumentSourceOptions): ApiSource {
  return { find: oneDocument(options, APIS, (apiId) => options.names.api(apiId), parseRegisteredApi) };
}

/** Documents of one kind, of which a decision needs one: kept by key, absent ones included. */
function oneDocument<Parsed>(
  options: DocumentSourceOptions,
  capacity: number,
  nameOf: (key: string) => ParameterName | undefined,
  parse: (document: StoredDocument) => Parsed,
): (key: string) => Awaitable<Parsed | undefined> {
  const kept = new AgingCache<Parsed | undefined>({
    ...options,
    capacity,
    read: async (key) => {
      const name = nameOf(key);
      if (name === undefined) return undefined;
      const document = (await options.read([name])).get(name);
      return document && parse(document);
    },
  });
  return (key) => kept.get(key);
}

/** Service documents by the service's name. */
export function createServiceSource(options: DocumentSourceOptions): ServiceSource {
  return { find: oneDocument(options, SERVICES, (service) => options.names.service(service), parseExternalService) };
}

/** Permissions: the documents of one principal are read together and kept as one entry, so they are of one moment. */
export function createPermissionSource(options: DocumentSourceOptions): PermissionSource {
  const { names, read } = options;
  const parse = parseOnce(parsePermissionDocument);
  const sets = new AgingCache<PermissionSet>({
    ...options,
    capacity: PERMISSION_SETS,
    read: async (key) => {
      const wanted = names.permissions(...splitKey(key));
      const found = await read(wanted);
      const documents = wanted.flatMap((name) => {
        const document = found.get(name);
        return document === undefined ? [] : [parse(document)];
      });
      return documents.length === 0 ? NOTHING_GRANTED : { documents };
    },
  });
  return { find: (principal, group) => sets.get(joinKey(principal, group)) };
}

/** One object for the many who have no permissions. */
const NOTHING_GRANTED: PermissionSet = { documents: [] };

/** Kubernetes names hold no `/`, so the key reads back as what it was made of. */
function joinKey({ cluster, namespace, serviceAccount }: Principal, group: string | undefined): string {
  return `${cluster}/${namespace}/${serviceAccount}/${group ?? ""}`;
}

function splitKey(key: string): [Principal, string | undefined] {
  const [cluster = "", namespace = "", serviceAccount = "", group = ""] = key.split("/");
  return [{ cluster, namespace, serviceAccount }, group === "" ? undefined : group];
}

/** Parses one revision of a document once: documents that many principals share are shared in memory too. */
function parseOnce<T>(parse: (document: StoredDocument) => T): (document: StoredDocument) => T {
  const parsed = createLru<string, { readonly revision: string; readonly value: T }>(PARSED_DOCUMENTS);
  return (document) => {
    const known = parsed.get(document.name);
    if (known?.revision === document.revision) return known.value;
    const value = parse(document);
    parsed.set(document.name, { revision: document.revision, value });
    return value;
  };
}
