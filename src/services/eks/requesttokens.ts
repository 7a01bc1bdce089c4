import type { Operations } from '../operation.ts';
import { invalidParameter } from './refusals.ts';

/** Characters of a `clientRequestToken`. COMPAT: EKS names no limit; SDKs and tools send 36 to 64. */
const longestToken = 256;

/**
 * The same operations, which refuse a longer token once they are allowed.
 *
 * SECURITY: a token is kept with what it made. One as long as a request may be, in each of the thousands of records that an
 * account may have, would take the memory of whoever reads them all.
 */
export function withBoundedTokens(operations: Operations): Operations {
  return Object.fromEntries(
    Object.entries(operations).map(([name, operation]) => [
      name,
      operation.unsigned === true
        ? operation
        : {
            ...operation,
            handle: async (input, context) => {
              refuseLongToken(input);
              return await operation.handle(input, context);
            },
          },
    ]),
  );
}

function refuseLongToken(input: unknown): void {
  const { clientRequestToken = '' } = input as { readonly clientRequestToken?: string };
  if (clientRequestToken.length > longestToken) {
    throw invalidParameter(`The clientRequestToken must have at most ${longestToken} characters`);
  }
}
