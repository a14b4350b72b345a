import fc from "fast-check";
import { expect, test } from "vitest";
import { documentIn } from "../../../cli/plan/document-pair.ts";
import { coversGrant } from "../../../cli/plan/grants.ts";
import { type AccessChange, accessChanges } from "../../../cli/plan/permission-words.ts";
import type { Method } from "../../../lib/permission/permission.ts";
import { anyAccess, anyDocument, isAllowed, LEVELS_OF_BILLING } from "../../permission/generators.ts";
import { planOf, type Texts } from "./killed-apply.ts";

const ISSUER = { url: "https://c.example.com", cluster: "dev", group: "all" };

const anySide = fc.dictionary(fc.constantFrom(...LEVELS_OF_BILLING), anyDocument, { maxKeys: 3 });

const textsOf = (documents: object): Texts =>
  new Map(
    Object.entries({ "issuers/c.example.com": ISSUER, ...documents }).map(([name, document]) => [
      name,
      JSON.stringify(document),
    ]),
  );

/** What a remark says of every call that its line names. Where denies take a part, the remark ends in "but for …". */
const CLAIMS: readonly { readonly note: RegExp; holds(before: boolean, after: boolean): boolean }[] = [
  { note: /^refused all the same/, holds: (_before, after) => !after },
  { note: /^was refused all the same/, holds: (before) => !before },
  { note: /^was denied it already/, holds: (before) => !before },
  { note: /^stays denied/, holds: (_before, after) => !after },
  { note: /^keeps it, by [^,]+$/, holds: (before, after) => before && after },
  { note: /^had it already, by [^,]+$/, holds: (before) => before },
];

test("a remark of a plan is true of every call that its line names, for everybody whom the document reaches", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(anySide, anySide, fc.array(anyAccess, { minLength: 20, maxLength: 20 }), (one, other, accesses) => {
      const { changed, documents } = planOf(textsOf(one), textsOf(other));
      const granted = (when: "before" | "after") => ({
        documents: LEVELS_OF_BILLING.flatMap((level) => documentIn(documents.get(level)?.[when], "permissions") ?? []),
      });
      const [was, is] = [granted("before"), granted("after")];
      for (const change of changed.flatMap((pair) => accessChanges(pair, documents, () => "all"))) {
        const claim = CLAIMS.find(({ note }) => note.test(change.note ?? ""));
        if (claim === undefined) continue;
        for (const access of accesses.filter((each) => names(change, each))) {
          expect(claim.holds(isAllowed(was, access), isAllowed(is, access)), JSON.stringify({ change, access })).toBe(
            true,
          );
          seen.add(String(claim.note));
        }
      }
    }),
    { numRuns: 2000 },
  );
  expect(seen.size).toBe(CLAIMS.length);
});

function names({ service, methods, paths }: AccessChange, access: { service: string; method: string; path: string }) {
  return coversGrant([{ service, methods: [...methods] as Method[], paths }], {
    ...access,
    method: access.method as Method,
  });
}
