import type { Principal } from '../../engine/iam/principal.ts';
import type {
  AccessKeyRecord,
  PrincipalIdRecord,
  RoleRecord,
  UserRecord,
} from '../../storage/records/iam.ts';
import { accessKeyKey, accountKey, principalIdKey, roleKey, userKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import type { CredentialLookup, CredentialLookupResult } from '../../wire/sigv4/credential.ts';
import { roleArn, rootArn, userArn } from '../iam/arns.ts';
import { readRecord } from '../iam/records.ts';
import type { ByteBox, SecretBox } from '../secrets.ts';
import { createSecretCache } from './secretcache.ts';
import { openSession, type SessionSubject } from './sessiontoken.ts';

export interface CredentialLookupDependencies {
  readonly storage: Storage;
  readonly secretBox: SecretBox & ByteBox;
  readonly partition: string;
}

/**
 * Whose key is it? Long-term keys (AKIA) are records; session keys (ASIA) live in their sealed token alone. Either
 * way the user or role must still be the one the credential was made for: a principal that was deleted, or deleted and
 * re-created, makes it `principalGone` (iam-facts E17). Rejects only when the store or the data directory's key fails.
 */
export function createCredentialLookup(dependencies: CredentialLookupDependencies): CredentialLookup {
  const longTerm = createLongTermLookup(dependencies);
  return async (accessKeyId, sessionToken, now) => {
    if (/^AKIA[A-Z2-7]{16}$/.test(accessKeyId)) {
      // A long-term key has no session: whoever sends a token with it mixes credentials up.
      return sessionToken === undefined ? longTerm(accessKeyId) : { status: 'badSessionToken' };
    }
    if (/^ASIA[A-Z2-7]{16}$/.test(accessKeyId)) {
      return sessionToken === undefined
        ? { status: 'badSessionToken' }
        : lookUpSession(dependencies, accessKeyId, sessionToken, now);
    }
    return { status: 'unknown' };
  };
}

function createLongTermLookup({ storage, secretBox, partition }: CredentialLookupDependencies) {
  const secrets = createSecretCache();
  return async (accessKeyId: string): Promise<CredentialLookupResult> => {
    const key = (await readRecord<AccessKeyRecord>(storage, accessKeyKey(accessKeyId)))?.record;
    if (key === undefined) return { status: 'unknown' };
    if (key.status !== 'Active') return { status: 'inactive' };
    const { accountId, owner } = key;
    const subject: SessionSubject =
      owner.kind === 'root'
        ? { kind: 'root', accountId }
        : { kind: 'user', accountId, userName: owner.userName, principalId: owner.principalId };
    const principal = await findPrincipal(storage, partition, subject, { accessKeyId });
    if (principal === undefined) return { status: 'principalGone' };
    const secretAccessKey = secrets.open(secretBox, key.sealedSecret, accessKeyId);
    return { status: 'known', credential: { secretAccessKey, principal } };
  };
}

async function lookUpSession(
  { storage, secretBox, partition }: CredentialLookupDependencies,
  accessKeyId: string,
  sessionToken: string,
  now: number,
): Promise<CredentialLookupResult> {
  const claims = openSession(secretBox, accessKeyId, sessionToken);
  if (claims === undefined) return { status: 'badSessionToken' };
  const { subject, secretAccessKey, issuedAt, expiresAt, attributes } = claims;
  const session = { issuedAt, expiresAt, ...attributes };
  const principal = await findPrincipal(storage, partition, subject, { accessKeyId, session });
  if (principal === undefined) return { status: 'principalGone' };
  const credential = { secretAccessKey, principal };
  return { status: now < expiresAt ? 'known' : 'expired', credential };
}

/** The principal as it is now; undefined when somebody else, or nobody, has the name. */
async function findPrincipal(
  storage: Storage,
  partition: string,
  subject: SessionSubject,
  credential: Pick<Principal, 'accessKeyId' | 'session'>,
): Promise<Principal | undefined> {
  const { accountId } = subject;
  const base = { accountId, partition, ...credential };
  switch (subject.kind) {
    case 'root': {
      if ((await storage.get(accountKey(accountId))) === undefined) return undefined;
      const arn = rootArn(partition, accountId);
      return { ...base, kind: 'root', arn, principalArn: arn, userId: accountId, principalId: accountId };
    }
    case 'user': {
      const user = await findUser(storage, subject);
      if (user === undefined) return undefined;
      const arn = userArn(partition, user);
      const { principalId, name: userName } = user;
      return { ...base, kind: 'user', arn, principalArn: arn, userId: principalId, principalId, userName };
    }
    case 'assumedRole': {
      const role = (await readRecord<RoleRecord>(storage, roleKey(accountId, subject.roleName)))?.record;
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
      const issuer = await findIssuer(storage, partition, subject);
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
  storage: Storage,
  { accountId, userName, principalId }: Extract<SessionSubject, { readonly userName: string }>,
): Promise<UserRecord | undefined> {
  const named = (await readRecord<UserRecord>(storage, userKey(accountId, userName)))?.record;
  if (named?.principalId === principalId) return named;
  const holder = (await readRecord<PrincipalIdRecord>(storage, principalIdKey(principalId)))?.record;
  if (holder?.kind !== 'user' || holder.accountId !== accountId) return undefined;
  const renamed = (await readRecord<UserRecord>(storage, userKey(accountId, holder.name)))?.record;
  return renamed?.principalId === principalId ? renamed : undefined;
}

/** Who called GetFederationToken, as it is now: a user, or root, whose unique id is the account's. */
async function findIssuer(
  storage: Storage,
  partition: string,
  subject: Extract<SessionSubject, { readonly kind: 'federatedUser' }>,
): Promise<Extract<Principal, { readonly kind: 'federatedUser' }>['issuer'] | undefined> {
  const { accountId, principalId } = subject;
  if (principalId === accountId) {
    const account = await storage.get(accountKey(accountId));
    return account && { arn: rootArn(partition, accountId), principalId, userName: '' };
  }
  const user = await findUser(storage, subject);
  return user && { arn: userArn(partition, user), principalId, userName: user.name };
}
