import type { ReceivedRequest } from "./received-request.ts";

/** A call of `AssumeRole` (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html). */
export interface AssumeRole {
  readonly roleArn: string;
  readonly sessionName: string;
  readonly durationSeconds: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** An answer of STS that is not a success: code, sentence, status. */
export class StsError extends Error {
  override readonly name: string = "StsError";
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\x21-\x7e]{1,512}$/;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;
const MAX_TAGS = 50;

/** Reads the form of the query protocol and holds it against the bounds of the API. Throws StsError. */
export function readAssumeRole(request: ReceivedRequest): AssumeRole {
  const form = new URLSearchParams(request.body.toString("utf8"));
  if (request.method !== "POST" || form.get("Action") !== "AssumeRole" || form.get("Version") !== "2011-06-15") {
    throw new StsError("InvalidAction", "this is AssumeRole of 2011-06-15 and no other action");
  }
  const roleArn = form.get("RoleArn") ?? "";
  if (!ROLE_ARN.test(roleArn)) throw invalid("RoleArn is not the ARN of a role");
  const sessionName = form.get("RoleSessionName") ?? "";
  if (!SESSION_NAME.test(sessionName)) throw invalid("RoleSessionName is not 2 to 64 of [\\w+=,.@-]");
  const durationSeconds = Number(form.get("DurationSeconds") ?? "3600");
  if (!Number.isInteger(durationSeconds) || durationSeconds < 900 || durationSeconds > 43_200) {
    throw invalid("DurationSeconds is not from 900 to 43200");
  }
  return { roleArn, sessionName, durationSeconds, tags: readTags(form) };
}

/** `Tags.member.1.Key`, `Tags.member.1.Value` and on, without a gap. */
function readTags(form: URLSearchParams): Record<string, string> {
  const tags = new Map<string, string>();
  const folded = new Set<string>();
  for (let number = 1; ; number += 1) {
    const key = form.get(`Tags.member.${number}.Key`);
    if (key === null) return Object.fromEntries(tags);
    const value = form.get(`Tags.member.${number}.Value`) ?? "";
    if (number > MAX_TAGS) throw invalid(`Tags has more than ${MAX_TAGS} members`);
    if (key === "" || key.length > 128 || !TAG_TEXT.test(key)) throw invalid(`the key of tag ${number} is not valid`);
    if (value.length > 256 || !TAG_TEXT.test(value)) throw invalid(`the value of tag ${number} is not valid`);
    if (folded.has(key.toLowerCase())) {
      throw new StsError("InvalidParameterValue", "a tag key is given twice; case makes no difference");
    }
    folded.add(key.toLowerCase());
    tags.set(key, value);
  }
}

function invalid(message: string): StsError {
  return new StsError("ValidationError", message);
}
