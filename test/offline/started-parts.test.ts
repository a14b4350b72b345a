import { expect, test } from "vitest";
import { StartedParts } from "../../offline/started-parts.ts";

function part(name: string, ended: string[]): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      ended.push(name);
    },
  };
}

test("parts end once, the last one first", async () => {
  const ended: string[] = [];
  const parts = new StartedParts();
  parts.use(part("a", ended));
  parts.use(part("b", ended));
  await parts[Symbol.asyncDispose]();
  await parts[Symbol.asyncDispose]();
  expect(ended).toEqual(["b", "a"]);
});

test("parts that were moved end with their new owner", async () => {
  const ended: string[] = [];
  const parts = new StartedParts();
  parts.use(part("a", ended));
  const moved = parts.move();
  await parts[Symbol.asyncDispose]();
  expect(ended).toEqual([]);
  await moved[Symbol.asyncDispose]();
  expect(ended).toEqual(["a"]);
});
