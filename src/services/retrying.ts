import { RevisionConflictError } from '../storage/storage.ts';

/**
 * Runs read → check → commit again when another write came between. The attempt must read what it depends on itself,
 * so that a repeated one sees the other write and refuses where that made the request impossible (two racing creates:
 * one success, one that finds the name taken).
 */
export type Atomically = <T>(attempt: () => Promise<T>) => Promise<T>;

/**
 * Of n writers of one record each round has a winner, so this many rounds serve as many racing writers, enough for every
 * access policy to be associated with one entry at the same moment; more are told to come back.
 */
const maxAttempts = 100;

/** `tooManyWriters` makes the error in the words of the service. */
export function createAtomically(tooManyWriters: (cause: unknown) => Error): Atomically {
  return async (attempt) => {
    for (let count = 1; ; count++) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof RevisionConflictError)) throw error;
        if (count === maxAttempts) throw tooManyWriters(error);
      }
    }
  };
}
