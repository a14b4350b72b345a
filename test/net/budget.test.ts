import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { unlessAborted } from "../../lib/net/budget.ts";

describe("work that goes on unless a signal is aborted", () => {
  test.for([
    { what: "that ends", work: async () => "done", outcome: "done" },
    { what: "that fails", work: () => Promise.reject("failed"), outcome: "failed" },
  ])("$what leaves no listener behind: one signal may be that of a thousand", async ({ work, outcome }) => {
    const { signal } = new AbortController();
    const ended = unlessAborted(signal, work).catch((error) => error);
    expect(getEventListeners(signal, "abort")).toHaveLength(1);
    expect(await ended).toBe(outcome);
    await expect.poll(() => getEventListeners(signal, "abort")).toEqual([]);
  });

  test("is not waited for any longer when it is, and not begun when it was", async () => {
    const controller = new AbortController();
    const ended = unlessAborted(controller.signal, () => new Promise(() => {}));
    controller.abort("over");
    await expect(ended).rejects.toBe("over");
    await expect(unlessAborted(controller.signal, () => expect.unreachable())).rejects.toBe("over");
  });
});
