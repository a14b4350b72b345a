/** A rule's place as the functions name it: `<full name>#allow[0]`. */
export interface RuleOrigin {
  readonly document: string;
  readonly effect: "allow" | "deny";
  readonly index: number;
}

const ORIGIN = /^(.*)#(allow|deny)\[([0-9]+)\]$/s;

export function splitOrigin(origin: string): RuleOrigin {
  const [, document, effect, index] = ORIGIN.exec(origin) ?? [];
  if (document === undefined || (effect !== "allow" && effect !== "deny")) throw new TypeError("no rule's origin");
  return { document, effect, index: Number(index) };
}
