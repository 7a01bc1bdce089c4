import { isAccountId } from '../../engine/arn/arn.ts';
import type { AccessKeyRecord, AccountRecord } from '../../storage/records/iam.ts';
import { accessKeyKey, accountKey } from '../../storage/records/keys.ts';
import { type Put, RevisionConflictError, type Storage } from '../../storage/storage.ts';
import { newAccessKeyId } from '../credentials/accesskeyid.ts';
import { newSecretAccessKey } from '../iam/ids.ts';
import type { RandomSource, SecretBox } from '../secrets.ts';

export interface AccountDependencies {
  readonly storage: Storage;
  readonly secretBox: SecretBox;
  readonly random: RandomSource;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** An account with an access key of its root. The secret is shown here and nowhere else. */
export interface AccountWithRootKey {
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export class AccountError extends Error {
  readonly code: 'invalidAccountId' | 'accountExists';
  readonly accountId: string;
  constructor(code: AccountError['code'], accountId: string, message: string) {
    super(message);
    this.name = 'AccountError';
    this.code = code;
    this.accountId = accountId;
  }
}

export interface CreateAccountOptions {
  readonly accountId?: string;
  /** What is stored along in the same commit: the record of the call that made it. */
  readonly along?: (made: AccountWithRootKey) => readonly Put[];
}

/**
 * Makes an account and its root's first access key, both or neither. Rejects with `AccountError` when the id is not
 * twelve digits or is taken.
 */
export async function createAccount(
  dependencies: AccountDependencies,
  { accountId = newAccountId(dependencies.random), along = () => [] }: CreateAccountOptions = {},
): Promise<AccountWithRootKey> {
  const { storage, secretBox, random, now } = dependencies;
  if (!isAccountId(accountId)) {
    throw new AccountError(
      'invalidAccountId',
      accountId,
      `\`${accountId}\` is not an account id of 12 digits`,
    );
  }
  const accessKeyId = newAccessKeyId('AKIA', accountId, random);
  const secretAccessKey = newSecretAccessKey(random);
  const createdAt = now();
  const account: AccountRecord = { accountId, createdAt, accessKeyIds: [accessKeyId] };
  const key: AccessKeyRecord = {
    accessKeyId,
    accountId,
    owner: { kind: 'root' },
    status: 'Active',
    createdAt,
    sealedSecret: secretBox.seal(secretAccessKey, accessKeyId),
  };
  const made = { accountId, accessKeyId, secretAccessKey };
  try {
    await storage.commit({
      expect: [
        { key: accountKey(accountId), revision: 0 },
        { key: accessKeyKey(accessKeyId), revision: 0 },
      ],
      changes: [
        { type: 'put', key: accountKey(accountId), value: JSON.stringify(account) },
        { type: 'put', key: accessKeyKey(accessKeyId), value: JSON.stringify(key) },
        ...along(made),
      ],
    });
  } catch (error) {
    if (error instanceof RevisionConflictError && error.key === accountKey(accountId)) {
      throw new AccountError('accountExists', accountId, `account \`${accountId}\` exists already`);
    }
    throw error;
  }
  return made;
}

export interface EnsuredAccount {
  readonly accountId: string;
  readonly created: boolean;
  /** An active key of the account's root; undefined when an operator has deleted or deactivated all of them. */
  readonly rootKey: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
}

/** The account as it is, or a new one: what a server does with `--account` at every start. */
export async function ensureAccount(
  dependencies: AccountDependencies,
  accountId: string,
): Promise<EnsuredAccount> {
  const existing = await findAccount(dependencies, accountId);
  if (existing !== undefined) return existing;
  try {
    const { accessKeyId, secretAccessKey } = await createAccount(dependencies, { accountId });
    return { accountId, created: true, rootKey: { accessKeyId, secretAccessKey } };
  } catch (error) {
    // Somebody else made it between the look and the write.
    const found = isTaken(error) ? await findAccount(dependencies, accountId) : undefined;
    if (found === undefined) throw error;
    return found;
  }
}

/**
 * Undefined when there is no such account. A root without an active key stays without: minting one here would undo what
 * an operator did on purpose.
 */
async function findAccount(
  { storage, secretBox }: AccountDependencies,
  accountId: string,
): Promise<EnsuredAccount | undefined> {
  const stored = await storage.get(accountKey(accountId));
  if (stored === undefined) return undefined;
  const account = JSON.parse(stored.value) as AccountRecord;
  for (const entry of await storage.getMany(account.accessKeyIds.map(accessKeyKey))) {
    if (entry === undefined) continue;
    const key = JSON.parse(entry.value) as AccessKeyRecord;
    if (key.status !== 'Active' || key.owner.kind !== 'root') continue;
    const secretAccessKey = secretBox.open(key.sealedSecret, key.accessKeyId);
    if (secretAccessKey === undefined) {
      throw new Error(
        `the secret of access key \`${key.accessKeyId}\` cannot be opened with this data directory's key`,
      );
    }
    return { accountId, created: false, rootKey: { accessKeyId: key.accessKeyId, secretAccessKey } };
  }
  return { accountId, created: false, rootKey: undefined };
}

function isTaken(error: unknown): boolean {
  return error instanceof AccountError && error.code === 'accountExists';
}

/** Twelve digits, the first not 0: ids that lose a leading zero on the way through a spreadsheet are no fun. */
function newAccountId(random: RandomSource): string {
  let digits = '';
  while (digits.length < 12) {
    // 250 = 25 × 10: larger bytes would favour the small digits.
    for (const byte of random.bytes(16)) {
      if (byte >= 250 || (digits === '' && byte % 10 === 0)) continue;
      if (digits.length < 12) digits += byte % 10;
    }
  }
  return digits;
}
