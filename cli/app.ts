import { buildApplication, buildRouteMap } from "@stricli/core";
import packageJson from "../package.json" with { type: "json" };
import { applyCommand } from "./commands/apply.ts";
import { canCommand } from "./commands/can.ts";
import { completionCommand } from "./commands/completion.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { explainCommand } from "./commands/explain.ts";
import { historyCommand, rollbackCommand } from "./commands/history.ts";
import { initCommand } from "./commands/init.ts";
import { inspectCommand } from "./commands/inspect.ts";
import { issuerCommands } from "./commands/issuer.ts";
import { lintCommand } from "./commands/lint.ts";
import { planCommand } from "./commands/plan.ts";
import { pullCommand } from "./commands/pull.ts";
import { secretCommands } from "./commands/secret.ts";
import { testCommand } from "./commands/test.ts";
import { tokenCommand } from "./commands/token.ts";
import { whoCanCommand } from "./commands/who-can.ts";
import { wording } from "./wording.ts";

const root = buildRouteMap({
  routes: {
    init: initCommand,
    explain: explainCommand,
    "who-can": whoCanCommand,
    can: canCommand,
    plan: planCommand,
    apply: applyCommand,
    pull: pullCommand,
    history: historyCommand,
    rollback: rollbackCommand,
    issuer: issuerCommands,
    secret: secretCommands,
    test: testCommand,
    lint: lintCommand,
    doctor: doctorCommand,
    inspect: inspectCommand,
    token: tokenCommand,
    completion: completionCommand,
  },
  docs: {
    brief: "Why a call is refused, who can call what, and a store that follows files which people review",
    fullDescription:
      "Reads the documents of podgate from SSM Parameter Store, or from a folder of YAML files (--from), and answers by the\n" +
      "same code as the functions.\n\n" +
      "Exit codes: 0 done, or yes; 1 no; 2 wrong command line; 3 an input cannot be used; 4 no verdict could be made; 5 a\n" +
      "fault of podgate; 6 the store was changed by somebody else meanwhile; 130 ended by Ctrl-C.",
  },
});

/** The program. A command is a file in `commands/`, its code loaded when it is run (`lazily`). */
export const app = buildApplication(root, {
  name: "podgate",
  versionInfo: { currentVersion: packageJson.version },
  scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
  documentation: { useAliasInUsageLine: false, onlyRequiredInUsageLine: true },
  localization: { text: wording },
});
