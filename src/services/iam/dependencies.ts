import type { UsageReader } from '../../audit/usage.ts';
import type { GuardrailLevel } from '../../engine/iam/evaluate.ts';
import type { StorageReader } from '../../storage/storage.ts';
import type { PageTokens } from '../../wire/protocols/pagetoken.ts';
import type { AuthorizationTarget, OperationContext } from '../operation.ts';
import type { RandomSource, SecretBox } from '../secrets.ts';
import type { GuessLimiter } from './mfa/guesses.ts';

/** What the IAM operations are built from; `server` constructs it. */
export interface IamDependencies {
  readonly storage: StorageReader;
  readonly secretBox: SecretBox;
  readonly random: RandomSource;
  readonly pageTokens: PageTokens;
  /** The same one that STS asks: guesses are counted wherever they are made. */
  readonly mfaGuesses: GuessLimiter;
  /** When keys and principals were used. Without it none is known to have been. */
  readonly usage?: UsageReader;
  /** What the accounts are bound by, for the policy simulator. Absent: nothing. */
  readonly serviceControl?: readonly GuardrailLevel[];
  /** `aws`, `aws-cn`, …: the partition of every ARN made or accepted here. */
  readonly partition: string;
  /**
   * A second permission check inside an operation: the tag action of a create call with tags (iam-facts E15). Throws
   * AccessDenied in AWS's words. Without it only the account root may create with tags.
   */
  authorize?(context: OperationContext, target: AuthorizationTarget): Promise<void>;
}
