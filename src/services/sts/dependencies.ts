import type { CallerAuthorizer } from '../authorization/authorizer.ts';
import type { RandomSource, SecretBox } from '../secrets.ts';

/** What the STS operations are built from; `server` constructs it. */
export interface StsDependencies {
  readonly authorizer: Pick<CallerAuthorizer, 'authorizeAssumeRole'>;
  readonly secretBox: SecretBox;
  readonly random: RandomSource;
  readonly partition: string;
}
