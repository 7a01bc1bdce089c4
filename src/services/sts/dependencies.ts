import type { CallerAuthorizer } from '../authorization/authorizer.ts';
import type { ByteBox, RandomSource, SecretBox } from '../secrets.ts';

/** What the STS operations are built from; `server` constructs it. */
export interface StsDependencies {
  readonly authorizer: Pick<CallerAuthorizer, 'authorizeRoleSession'>;
  readonly secretBox: SecretBox & ByteBox;
  readonly random: RandomSource;
  readonly partition: string;
}
