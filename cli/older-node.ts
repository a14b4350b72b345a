/**
 * Gives Node 20 what it lacks of the language that the functions' own code is written in: that runs on Node 24 in Lambda.
 * For the program alone, whose process is its own.
 */
export function supplyOlderNode({ env }: NodeJS.Process): void {
  Map.groupBy ??= groupBy;
  URL.parse ??= (text, base) => (URL.canParse(String(text), base) ? new URL(text, base) : null);
  // The SDK that is inside runs on it; what a later one does is not the reader's matter.
  env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
}

function groupBy<K, T>(items: Iterable<T>, keyOf: (item: T, index: number) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const [index, item] of [...items].entries()) {
    const key = keyOf(item, index);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
