import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { Answers } from "../../cli/answers.ts";

/** What a person presses at a question whose answer is not shown. */
async function pressing(keys: string): Promise<{ readonly answer: string; readonly shown: string }> {
  const terminal = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => terminal });
  let shown = "";
  const output = { write: (text: string) => (shown += text) };
  using answers = new Answers(terminal as unknown as NodeJS.ReadStream, output);
  const asked = answers.nextUnseen("Secret: ");
  terminal.write(keys);
  return { answer: await asked, shown };
}

test("what is typed is the answer, and not shown", async () => {
  expect(await pressing("hunter2\r")).toEqual({ answer: "hunter2", shown: "Secret: \n" });
});

test("Ctrl-D is no answer", async () => {
  expect(await pressing("\u0004")).toEqual({ answer: "", shown: "Secret: \n" });
});

test("Ctrl-C ends the command as between two writes", async () => {
  await expect(pressing("hunt\u0003")).rejects.toMatchObject({
    exitCode: 130,
    message: "ended by Ctrl-C; nothing was stored",
  });
});
