/** One call of a case, decided. */
export interface CaseResult {
  readonly name: string;
  readonly file: string;
  readonly location: string;
  readonly passed: boolean;
  readonly expected: string;
  /** `allow`, or the code of the refusal. */
  readonly actual: string;
  /** Why, for whoever has to mend the permissions or the case. */
  readonly detail: string;
  readonly seconds: number;
}
