import type { EksDeps } from '../eks/deps.ts';
import type { SecretBox } from '../secrets.ts';

/** What our own operations need from the rest of the server. */
export interface EntrywayDeps extends EksDeps {
  readonly secretBox: SecretBox;
  /** The first account: blocks bind all accounts, so that only its principals may make them. */
  readonly operatorAccountId: string;
}
