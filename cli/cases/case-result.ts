/** One call of a case, decided. */
export interface CaseResult {
  readonly name: string;
  readonly file: string;
  readonly location: string;
  /** As expected, beyond doubt. */
  readonly passed: boolean;
  /** As expected, unless the permissions do not fit an authorizer's answer, which no document tells: neither passed nor failed. */
  readonly undecided: boolean;
  readonly expected: string;
  /** `allow`, or the code of the refusal, or both where it is undecided. */
  readonly actual: string;
  /** Why, for whoever has to mend the permissions or the case. */
  readonly detail: string;
  readonly seconds: number;
}
