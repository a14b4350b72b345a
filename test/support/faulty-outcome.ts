import { FetchFailure } from "../../lib/issuer/fetch-json.ts";

/** The failure that a fetch rejects with. Fails the test where it resolves, or rejects with anything else. */
export async function failureOf(fetched: Promise<unknown>): Promise<FetchFailure> {
  try {
    await fetched;
  } catch (error) {
    if (error instanceof FetchFailure) return error;
    throw error;
  }
  throw new Error("nothing failed");
}
