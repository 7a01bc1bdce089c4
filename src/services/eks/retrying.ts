import { RevisionConflictError } from '../../storage/storage.ts';
import { AwsError } from '../../wire/protocols/errors.ts';

/** Enough for every policy of the catalogue to be associated with one entry at the same moment. */
const MAX_ATTEMPTS = 100;

/**
 * Runs a read-modify-write again when somebody else changed what it read. The attempt reads everything anew. After
 * too many conflicts it answers 503, which SDKs retry.
 */
export async function retryingConflicts<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RevisionConflictError)) throw error;
      if (attempts === MAX_ATTEMPTS) {
        throw new AwsError(
          'ServiceUnavailableException',
          'The resource is being changed too often; try again.',
          {},
          { cause: error },
        );
      }
    }
  }
}
