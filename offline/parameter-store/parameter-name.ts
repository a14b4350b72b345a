import { SsmError, validationError } from "./ssm-error.ts";

/** The account and region in which everything offline lives. */
export const ACCOUNT = "123456789012";
export const REGION = "us-east-1";

const ARN_PREFIX = `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter`;

/** Characters of a name with the ARN in front of it (PutParameter, `Name`). */
const MAX_ARN_LENGTH = 1011;
const MAX_LEVELS = 15;

/** SSM says this whatever is wrong with a name, on reads as on writes (aws/aws-sdk-php#1952, boto/boto3#1499). */
const NAME_RULE =
  'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_';

const PATH_RULE =
  'The parameter doesn\'t meet the parameter name requirements. The parameter name must begin with a forward slash "/". It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.';

const NAME = /^(?:[A-Za-z0-9_.-]+|(?:\/[A-Za-z0-9_.-]+)+)$/;
const PATH = /^(?:\/|(?:\/[A-Za-z0-9_.-]+)+\/?)$/;

/** The ARN of a parameter. `/a` and `a` have the same one, as in AWS. */
export function arnOf(name: string): string {
  return `${ARN_PREFIX}${name.startsWith("/") ? "" : "/"}${name}`;
}

/**
 * The name to create or overwrite, without the spaces around it, which SSM removes.
 * Throws as PutParameter does: ValidationException, AccessDeniedException (`/aws/…`), HierarchyLevelLimitExceededException.
 */
export function readNewName(text: string): string {
  const name = text.trim();
  if (/^\/aws[^/]*\//i.test(name)) {
    throw new SsmError("AccessDeniedException", `No access to reserved parameter name: ${name}.`);
  }
  if (/^\/?(?:aws|ssm)[^/]*$/i.test(name)) {
    throw validationError('Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).');
  }
  if (levelsOf(name) > MAX_LEVELS) {
    throw new SsmError(
      "HierarchyLevelLimitExceededException",
      `A hierarchy can have a maximum of ${MAX_LEVELS} levels. For more information, see Requirements and constraints for parameter names in the AWS Systems Manager User Guide.`,
    );
  }
  return readName(name);
}

/** A name to read or delete. Names that begin with `aws` are those of public parameters and may be asked for. */
export function readName(text: string): string {
  const name = text.trim();
  if (name.length > 1 && name.endsWith("/")) throw validationError("Parameter name must not end with slash.");
  const fits = NAME.test(name) && !/^\/?ssm/i.test(name) && levelsOf(name) <= MAX_LEVELS;
  if (!fits || arnOf(name).length > MAX_ARN_LENGTH) throw validationError(NAME_RULE);
  return name;
}

export interface Reference {
  readonly name: string;
  /** A version number or a label. */
  readonly selector?: string;
}

/**
 * What GetParameter and GetParameters take: a name or an ARN, with `:<version>` or `:<label>` behind it.
 * @param exists - settles whether an ARN means `/a` or `a`
 */
export function readReference(text: string, exists: (name: string) => boolean): Reference {
  const asked = text.trim();
  const ofArn = asked.startsWith(`${ARN_PREFIX}/`);
  const [name = "", selector, ...more] = (ofArn ? asked.slice(ARN_PREFIX.length) : asked).split(":");
  if (more.length > 0 || selector === "") throw validationError(NAME_RULE);

  const checked = readName(name);
  const withoutSlash = checked.slice(1);
  const meant = ofArn && !exists(checked) && exists(withoutSlash) ? withoutSlash : checked;
  return selector === undefined ? { name: meant } : { name: meant, selector };
}

/** @returns the path with one trailing slash, so that what begins with it lies below it */
export function readPath(text: string): string {
  if (!PATH.test(text) || /^\/ssm/i.test(text) || levelsOf(text) > MAX_LEVELS) throw validationError(PATH_RULE);
  return text.endsWith("/") ? text : `${text}/`;
}

/** Whether `name` lies below `path` (as of `readPath`); without `recursive` only directly below. Never the path itself. */
export function liesBelow(name: string, path: string, recursive: boolean): boolean {
  const full = withSlash(name);
  return full.startsWith(path) && (recursive || !full.includes("/", path.length));
}

/** A name outside any hierarchy lies at the root. */
export function withSlash(name: string): string {
  return name.startsWith("/") ? name : `/${name}`;
}

function levelsOf(name: string): number {
  return name.split("/").filter((segment) => segment !== "").length;
}
