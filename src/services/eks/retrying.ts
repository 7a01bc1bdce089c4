import { AwsError } from '../../wire/protocols/errors.ts';
import { createAtomically } from '../retrying.ts';

/** For every operation of EKS that writes. After too many conflicts it answers 503, which SDKs retry. */
export const atomically = createAtomically(
  (cause) =>
    new AwsError(
      'ServiceUnavailableException',
      'The resource is being changed too often; try again.',
      {},
      { cause },
    ),
);
