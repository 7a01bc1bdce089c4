import type { Principal } from '../../engine/iam/principal.ts';
import { createRecordCache } from '../../storage/recordcache.ts';
import type {
  AccessKeyRecord,
  PrincipalIdRecord,
  RoleRecord,
  UserRecord,
} from '../../storage/records/iam.ts';
import {
  accessKeyKey,
  accessKeysPrefix,
  accountKey,
  allIamPrefix,
  principalIdKey,
  roleKey,
  userKey,
} from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import type { CredentialLookup, CredentialLookupResult } from '../../wire/sigv4/credential.ts';
import { roleArn, rootArn, userArn } from '../iam/arns.ts';
import type { ByteBox, SecretBox } from '../secrets.ts';
import { openSession, type SessionSubject } from './sessiontoken.ts';

export interface CredentialLookupDependencies {
  readonly storage: Pick<Storage, 'get' | 'watch'>;
  readonly secretBox: SecretBox & ByteBox;
  readonly partition: string;
}

/** Keys, and records of IAM, that are remembered as read; whoever comes again costs no read, parsing or decryption. */
const remembered = 4096;

/**
 * Whose key is it? Long-term keys (AKIA) are records; session keys (ASIA) live in their sealed token alone. Either
 * way the user or role must still be the one the credential was made for: a principal that was deleted, or deleted and
 * re-created, makes it `principalGone` (iam-facts E17). Rejects only when the store or the data directory's key fails.
 * What it remembers follows the store and ends with it.
 */
export function createCredentialLookup(dependencies: CredentialLookupDependencies): CredentialLookup {
  const { storage, secretBox, partition } = dependencies;
  const records = createRecordCache(storage, { prefix: allIamPrefix, capacity: remembered }, (value) =>
    value === undefined ? undefined : (JSON.parse(value) as object),
  );
  const reads: PrincipalReads = {
    storage,
    user: async (accountId, name) => (await records.get(userKey(accountId, name))) as UserRecord | undefined,
    role: async (accountId, name) => (await records.get(roleKey(accountId, name))) as RoleRecord | undefined,
  };
  const keys = createRecordCache(
    storage,
    { prefix: accessKeysPrefix, capacity: remembered },
    (value, key) => value && openKey(secretBox, JSON.parse(value), key.slice(accessKeysPrefix.length)),
  );

  const lookUpKey = async (accessKeyId: string): Promise<CredentialLookupResult> => {
    const key = await keys.get(accessKeyKey(accessKeyId));
    if (!key) return { status: 'unknown' };
    if (key.status !== 'Active') return { status: 'inactive' };
    const principal = await findPrincipal(reads, partition, key.subject, { accessKeyId });
    if (principal === undefined) return { status: 'principalGone' };
    return { status: 'known', credential: { secretAccessKey: key.secretAccessKey, principal } };
  };

  const lookUpSession = async (
    accessKeyId: string,
    sessionToken: string,
    now: number,
  ): Promise<CredentialLookupResult> => {
    const claims = openSession(secretBox, accessKeyId, sessionToken);
    if (claims === undefined) return { status: 'badSessionToken' };
    const { subject, secretAccessKey, issuedAt, expiresAt, attributes } = claims;
    const session = { issuedAt, expiresAt, ...attributes };
    const principal = await findPrincipal(reads, partition, subject, { accessKeyId, session });
    if (principal === undefined) return { status: 'principalGone' };
    const credential = { secretAccessKey, principal };
    return { status: now < expiresAt ? 'known' : 'expired', credential };
  };

  return async (accessKeyId, sessionToken, now) => {
    if (/^AKIA[A-Z2-7]{16}$/.test(accessKeyId)) {
      // A long-term key has no session: whoever sends a token with it mixes credentials up.
      return sessionToken === undefined ? lookUpKey(accessKeyId) : { status: 'badSessionToken' };
    }
    if (/^ASIA[A-Z2-7]{16}$/.test(accessKeyId)) {
      return sessionToken === undefined
        ? { status: 'badSessionToken' }
        : lookUpSession(accessKeyId, sessionToken, now);
    }
    return { status: 'unknown' };
  };
}

/** A stored key with its secret opened. */
interface OpenedKey {
  readonly subject: SessionSubject;
  readonly status: AccessKeyRecord['status'];
  readonly secretAccessKey: string;
}

/** `accessKeyId` is what was asked for: a secret that was sealed for another key does not open. */
function openKey(
  secretBox: SecretBox,
  { accountId, owner, status, sealedSecret }: AccessKeyRecord,
  accessKeyId: string,
): OpenedKey {
  const secretAccessKey = secretBox.open(sealedSecret, accessKeyId);
  if (secretAccessKey === undefined) {
    throw new Error(
      `the secret of access key \`${accessKeyId}\` cannot be opened with this data directory's key`,
    );
  }
  const subject: SessionSubject =
    owner.kind === 'root'
      ? { kind: 'root', accountId }
      : { kind: 'user', accountId, userName: owner.userName, principalId: owner.principalId };
  return { subject, status, secretAccessKey };
}

/** What of the store says who a principal is. */
interface PrincipalReads {
  readonly storage: Pick<Storage, 'get'>;
  readonly user: (accountId: string, name: string) => Promise<UserRecord | undefined>;
  readonly role: (accountId: string, name: string) => Promise<RoleRecord | undefined>;
}

/** The principal as it is now; undefined when somebody else, or nobody, has the name. */
async function findPrincipal(
  reads: PrincipalReads,
  partition: string,
  subject: SessionSubject,
  credential: Pick<Principal, 'accessKeyId' | 'session'>,
): Promise<Principal | undefined> {
  const { accountId } = subject;
  const base = { accountId, partition, ...credential };
  switch (subject.kind) {
    case 'root': {
      if ((await reads.storage.get(accountKey(accountId))) === undefined) return undefined;
      const arn = rootArn(partition, accountId);
      return { ...base, kind: 'root', arn, principalArn: arn, userId: accountId, principalId: accountId };
    }
    case 'user': {
      const user = await findUser(reads, subject);
      if (user === undefined) return undefined;
      const arn = userArn(partition, user);
      const { principalId, name: userName } = user;
      return { ...base, kind: 'user', arn, principalArn: arn, userId: principalId, principalId, userName };
    }
    case 'assumedRole': {
      const role = await reads.role(accountId, subject.roleName);
      if (role?.principalId !== subject.principalId) return undefined;
      const { principalId, name: roleName } = role;
      const { sessionName } = subject;
      return {
        ...base,
        kind: 'assumedRole',
        arn: `arn:${partition}:sts::${accountId}:assumed-role/${roleName}/${sessionName}`,
        principalArn: roleArn(partition, role),
        userId: `${principalId}:${sessionName}`,
        principalId,
        roleName,
        sessionName,
      };
    }
    case 'federatedUser': {
      const issuer = await findIssuer(reads, partition, subject);
      if (issuer === undefined) return undefined;
      const { federatedName } = subject;
      const arn = `arn:${partition}:sts::${accountId}:federated-user/${federatedName}`;
      const id = `${accountId}:${federatedName}`;
      const names = { arn, principalArn: arn, userId: id, principalId: id, federatedName };
      return { ...base, ...names, kind: 'federatedUser', issuer };
    }
    default:
      return subject satisfies never;
  }
}

/** By the name the credential was made under, or, after a rename, by the unique id it keeps (iam-facts J10). */
async function findUser(
  { storage, user }: PrincipalReads,
  { accountId, userName, principalId }: Extract<SessionSubject, { readonly userName: string }>,
): Promise<UserRecord | undefined> {
  const named = await user(accountId, userName);
  if (named?.principalId === principalId) return named;
  const holder = await holderOf(storage, principalId);
  if (holder?.kind !== 'user' || holder.accountId !== accountId) return undefined;
  const renamed = await user(accountId, holder.name);
  return renamed?.principalId === principalId ? renamed : undefined;
}

async function holderOf(
  storage: Pick<Storage, 'get'>,
  principalId: string,
): Promise<PrincipalIdRecord | undefined> {
  const entry = await storage.get(principalIdKey(principalId));
  return entry && (JSON.parse(entry.value) as PrincipalIdRecord);
}

/** Who called GetFederationToken, as it is now: a user, or root, whose unique id is the account's. */
async function findIssuer(
  reads: PrincipalReads,
  partition: string,
  subject: Extract<SessionSubject, { readonly kind: 'federatedUser' }>,
): Promise<Extract<Principal, { readonly kind: 'federatedUser' }>['issuer'] | undefined> {
  const { accountId, principalId } = subject;
  if (principalId === accountId) {
    const account = await reads.storage.get(accountKey(accountId));
    return account && { arn: rootArn(partition, accountId), principalId, userName: '' };
  }
  const user = await findUser(reads, subject);
  return user && { arn: userArn(partition, user), principalId, userName: user.name };
}
