/**
 * What was started, to be ended together, the last one first. As AsyncDisposableStack, which Node has from 24 on: other
 * projects run this on theirs.
 */
export class StartedParts implements AsyncDisposable {
  #parts: AsyncDisposable[] = [];

  use<Part extends AsyncDisposable>(part: Part): Part {
    this.#parts.push(part);
    return part;
  }

  /** The same parts, for somebody else to end: nothing is left here. */
  move(): StartedParts {
    const moved = new StartedParts();
    moved.#parts = this.#parts;
    this.#parts = [];
    return moved;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) await part[Symbol.asyncDispose]();
  }
}
