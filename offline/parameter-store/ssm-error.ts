/** An error as SSM answers it. What the SDK shows as `error.name` is `name` here. */
export class SsmError extends Error {
  override readonly name: string;
  /** HTTP status: 400 for everything but faults of the service itself. */
  readonly status: number;

  /** @param message - empty for errors which AWS sends without one, such as ParameterNotFound */
  constructor(name: string, message = "", status = 400) {
    super(message);
    this.name = name;
    this.status = status;
  }

  /** The JSON body of AWS JSON 1.1: `__type`, and `message` where there is one. */
  body(): { readonly __type: string; readonly message?: string } {
    return { __type: this.name, ...(this.message === "" ? {} : { message: this.message }) };
  }
}

export function validationError(message: string): SsmError {
  return new SsmError("ValidationException", message);
}
