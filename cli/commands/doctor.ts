import { buildCommand } from "@stricli/core";
import { lazily } from "../command.ts";
import type { Context } from "../context.ts";
import type { DoctorFlags } from "../doctor/run-doctor.ts";
import { jsonFlag, storeFlags } from "../flags.ts";

export const doctorCommand = buildCommand<DoctorFlags, [string?], Context>({
  loader: lazily(async () => (await import("../doctor/run-doctor.ts")).runDoctor),
  parameters: {
    flags: {
      ...storeFlags,
      token: {
        kind: "parsed",
        parse: String,
        brief: "Look for the key of this token too: a file, or - for standard input",
        placeholder: "file",
        optional: true,
      },
      ...jsonFlag,
    },
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "An issuer's URL; every issuer of the store where none is given",
          placeholder: "issuer-url",
          parse: String,
          optional: true,
        },
      ],
    },
  },
  docs: {
    brief: "Look at issuers as the functions do: reachable, keys, clock; and at the store's documents and snapshots",
    fullDescription:
      "Exit code 1 where a finding is an error, an issuer out of reach among them; 0 where all are warnings.",
  },
});
