import { expect, test } from "vitest";
import { ahead, whenThere } from "../lib/awaitable.ts";

test("what is there is gone on with at once, what is not when it comes", async () => {
  const seen: string[] = [];
  const note = (text: string) => {
    seen.push(text);
    return text.length;
  };
  expect(whenThere("there", note)).toBe(5);
  const later = whenThere(Promise.resolve("later"), note);
  expect(seen).toStrictEqual(["there"]);
  expect(await later).toBe(5);
});

test("an answer that was asked for ahead and is never taken rejects nobody", async () => {
  const unhandled: unknown[] = [];
  process.once("unhandledRejection", (error) => unhandled.push(error));
  const failing = ahead(Promise.reject(new Error("out of reach")));
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toStrictEqual([]);
  await expect(failing).rejects.toThrow("out of reach");
  expect(ahead("there")).toBe("there");
});
