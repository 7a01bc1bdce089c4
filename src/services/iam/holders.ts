import type { Principal } from '../../engine/iam/principal.ts';
import type { AccountRecord, UserRecord } from '../../storage/records/iam.ts';
import { accountKey } from '../../storage/records/keys.ts';
import type { IamDependencies } from './dependencies.ts';
import { requireEntity, userKind } from './entities.ts';
import { requireCaller } from './principals.ts';
import { readRecord, type Stored } from './records.ts';

/** Who long-term credentials belong to: a user, or the account's root (iam-facts J11, J12). */
export type CredentialHolder =
  | { readonly kind: 'user'; readonly stored: Stored<UserRecord> }
  | { readonly kind: 'root'; readonly stored: Stored<AccountRecord> };

/** The user of that name; without a name whoever signs, who must be a user or the root then. */
export async function holderOf(
  dependencies: IamDependencies,
  caller: Principal,
  userName: string | undefined,
): Promise<CredentialHolder> {
  if (userName !== undefined) {
    return {
      kind: 'user',
      stored: await requireEntity(dependencies, userKind, caller.accountId, userName),
    };
  }
  if (caller.kind !== 'root') return { kind: 'user', stored: await requireCaller(dependencies, caller) };
  const stored = await readRecord<AccountRecord>(dependencies.storage, accountKey(caller.accountId));
  if (stored === undefined) throw new Error(`account ${caller.accountId} has signed but has no record`);
  return { kind: 'root', stored };
}

/** The name of the holder in answers: none for the root. */
export function nameOfHolder(holder: CredentialHolder): { UserName: string | undefined } {
  return { UserName: holder.kind === 'user' ? holder.stored.record.name : undefined };
}

/** As a credential's record names its holder. */
export function ownerOf(
  holder: CredentialHolder,
):
  | { readonly kind: 'root' }
  | { readonly kind: 'user'; readonly userName: string; readonly principalId: string } {
  if (holder.kind === 'root') return { kind: 'root' };
  const { name: userName, principalId } = holder.stored.record;
  return { kind: 'user', userName, principalId };
}
