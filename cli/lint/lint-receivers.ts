import type { Receiver } from "../../lib/permission/receiver.ts";
import type { DocumentPath, DocumentStore } from "../store/document-store.ts";
import type { StoreDocument } from "../store/parsed-document.ts";
import { type Finding, findingAt } from "./finding.ts";

/** Audiences of API servers and of what runs in most clusters: tokens for them are for somebody else. */
const TAKEN_AUDIENCES: readonly string[] = [
  "https://kubernetes.default.svc",
  "https://kubernetes.default.svc.cluster.local",
  "kubernetes.default.svc",
  "kubernetes",
  "api",
  "sts.amazonaws.com",
  "pods.eks.amazonaws.com",
  "vault",
  "istio-ca",
];

interface Listening {
  readonly document: StoreDocument;
  /** What the document is about at this stage: no name for those that it does not name. */
  readonly stage: string | undefined;
  readonly receiver: Receiver;
  readonly path: DocumentPath;
}

/**
 * Receivers: a token that two of them accept can be used by the one at the other, and one for an API server is the key to
 * the cluster.
 */
export function lintReceivers(documents: readonly StoreDocument[], store: DocumentStore): readonly Finding[] {
  const issuers = documents.flatMap(({ parsed }) => (parsed.kind === "issuers" ? [parsed.value.url] : []));
  const listening = documents.flatMap(listeningOf);
  const findings: Finding[] = [];
  const first = new Map<string, Listening>();
  for (const each of listening) {
    for (const audience of each.receiver.audiences) {
      if (issuers.includes(audience) || TAKEN_AUDIENCES.includes(audience)) {
        const text = `the audience ${audience} is that of an API server or of another service of the cluster: whoever gets such a token here can use it there`;
        findings.push(
          findingAt(store, each.document, each.path, { severity: "error", rule: "audience-of-api-server", text }),
        );
      }
      const other = first.get(audience);
      if (other === undefined) first.set(audience, each);
      else if (!isOneReceiver(other, each)) {
        const text = `the audience ${audience} is that of ${titleOf(other)} too: a token for one is good at the other, so what gets it here can use it there`;
        findings.push(
          findingAt(store, each.document, each.path, { severity: "warning", rule: "audience-shared", text }),
        );
      }
    }
  }
  return findings;
}

function listeningOf(document: StoreDocument): Listening[] {
  const { parsed } = document;
  if (parsed.kind !== "apis") return [];
  const { receiver, stages } = parsed.value;
  return [
    { document, stage: undefined, receiver, path: ["audiences"] },
    ...[...stages].map(([stage, own]): Listening => {
      const path = own.audiences === receiver.audiences ? ["stages", stage] : ["stages", stage, "audiences"];
      return { document, stage, receiver: own, path };
    }),
  ];
}

/** One service behind two APIs is one receiver; two stages of an API are two, whatever service they name. */
function isOneReceiver(one: Listening, other: Listening): boolean {
  return (
    one.receiver.service === other.receiver.service && one.document !== other.document && one.stage === other.stage
  );
}

function titleOf({ document, stage }: Listening): string {
  return stage === undefined ? document.name : `${document.name} at stage ${stage}`;
}
