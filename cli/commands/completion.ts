import { buildCommand } from "@stricli/core";
import { type CommandBody, lazily } from "../command.ts";
import type { Context } from "../context.ts";

type Shell = "bash" | "zsh";

export const completionCommand = buildCommand<Record<never, never>, [Shell], Context>({
  loader: lazily(async () => {
    const { completionScript } = await import("../completion-script.ts");
    const body: CommandBody<Record<never, never>, [Shell]> = async ({ output }, _flags, shell) => {
      output.text(completionScript(shell));
      return 0;
    };
    return body;
  }),
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "bash or zsh",
          placeholder: "shell",
          parse: (text) => {
            if (text === "bash" || text === "zsh") return text;
            throw new RangeError("expected bash or zsh");
          },
          proposeCompletions: (partial) => ["bash", "zsh"].filter((shell) => shell.startsWith(partial)),
        },
      ],
    },
  },
  docs: {
    brief: "Print a script that completes podgate's commands in your shell",
    fullDescription:
      "bash:  podgate completion bash > ~/.local/share/bash-completion/completions/podgate\n" +
      "zsh:   podgate completion zsh > ~/.zsh/completions/_podgate, a folder of $fpath",
  },
});
