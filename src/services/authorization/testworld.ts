import type { Guardrails } from '../../engine/iam/evaluate.ts';
import type { Principal, SessionContext } from '../../engine/iam/principal.ts';
import { createMemoryStorage } from '../../storage/memory/memory.ts';
import type { GroupRecord, PolicyRecord, RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import { groupKey, policyKey, roleKey, userKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import type { OperationContext } from '../operation.ts';
import { testContext } from '../testworld.ts';
import { createCallerAuthorizer } from './authorizer.ts';

export const own = '111122223333';
export const other = '444455556666';

type Parts = Readonly<Record<string, unknown>>;

export const document = (...statements: readonly Parts[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: statements.map((parts) => ({ Effect: 'Allow', Action: '*', Resource: '*', ...parts })),
  });

export const trust = (...AWS: readonly string[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' }],
  });

const named = {
  accountId: own,
  path: '/',
  createdAt: 0,
  tags: [],
  inlinePolicies: {},
  attachedPolicyArns: [],
};

export const userRecord = (name: string, change: Partial<UserRecord> = {}): UserRecord => ({
  ...named,
  name,
  principalId: `AIDA${name.toUpperCase().padEnd(17, 'A')}`,
  accessKeyIds: [],
  ...change,
});

export const roleRecord = (name: string, change: Partial<RoleRecord> = {}): RoleRecord => ({
  ...named,
  name,
  principalId: `AROA${name.toUpperCase().padEnd(17, 'A')}`,
  maxSessionDuration: 3600,
  trustPolicy: trust(other),
  trustedPrincipalIds: {},
  ...change,
});

export const policyRecord = (
  name: string,
  text: string,
  change: Partial<PolicyRecord> = {},
): PolicyRecord => ({
  accountId: own,
  name,
  path: '/',
  policyId: 'ANPAAAAAAAAAAAAAAAAAA',
  createdAt: 0,
  updatedAt: 0,
  defaultVersionId: 'v1',
  versions: [{ versionId: 'v1', document: text, createdAt: 0 }],
  tags: [],
  attachmentCount: 1,
  ...change,
});

export const groupRecord = (name: string, change: Partial<GroupRecord> = {}): GroupRecord => ({
  accountId: own,
  name,
  path: '/',
  groupId: `AGPA${name.toUpperCase().padEnd(17, 'A')}`,
  createdAt: 0,
  inlinePolicies: {},
  attachedPolicyArns: [],
  memberCount: 1,
  ...change,
});

export function asUser(user: UserRecord): Principal & { kind: 'user' } {
  const arn = `arn:aws:iam::${user.accountId}:user${user.path}${user.name}`;
  const { accountId, principalId, name: userName } = user;
  return {
    kind: 'user',
    accountId,
    partition: 'aws',
    arn,
    principalArn: arn,
    userId: principalId,
    principalId,
    userName,
    accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  };
}

export function asSession(role: RoleRecord, sessionName = 's-1'): Principal & { kind: 'assumedRole' } {
  const { accountId, principalId, name: roleName } = role;
  return {
    kind: 'assumedRole',
    accountId,
    partition: 'aws',
    arn: `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName}`,
    principalArn: `arn:aws:iam::${accountId}:role${role.path}${roleName}`,
    userId: `${principalId}:${sessionName}`,
    principalId,
    roleName,
    sessionName,
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    session: { issuedAt: 0, expiresAt: 3_600_000 },
  };
}

/** A session of GetSessionToken of a user or the root; `mfaAuthenticatedAt` when it was made with a code. */
export function withSessionToken<P extends Principal>(caller: P, session: Partial<SessionContext> = {}): P {
  return {
    ...caller,
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    session: { issuedAt: 0, expiresAt: 3_600_000, ...session },
  };
}

/** A session of GetFederationToken that the user asked for. */
export function asFederated(
  issuer: UserRecord,
  session: Partial<SessionContext> = {},
): Principal & { kind: 'federatedUser' } {
  const { accountId, principalId, name: userName } = issuer;
  const arn = `arn:aws:sts::${accountId}:federated-user/guest`;
  return {
    kind: 'federatedUser',
    accountId,
    partition: 'aws',
    arn,
    principalArn: arn,
    userId: `${accountId}:guest`,
    principalId: `${accountId}:guest`,
    federatedName: 'guest',
    issuer: { arn: asUser(issuer).arn, principalId, userName },
    accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
    session: { issuedAt: 0, expiresAt: 3_600_000, ...session },
  };
}

export const asRoot: Principal = {
  kind: 'root',
  accountId: own,
  partition: 'aws',
  arn: `arn:aws:iam::${own}:root`,
  principalArn: `arn:aws:iam::${own}:root`,
  userId: own,
  principalId: own,
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
};

export const contextOf = (caller: Principal, storage: Storage = createMemoryStorage()): OperationContext => ({
  ...testContext(storage),
  caller,
  region: 'eu-west-1',
  now: 1_000_500,
});

/** A store with users, roles and policies, and the authorizer over it; counts what is read. */
export function createWorld({ guardrails }: { readonly guardrails?: Guardrails } = {}) {
  const memory = createMemoryStorage();
  let reads = 0;
  const storage: typeof memory = {
    ...memory,
    get: (key) => {
      reads++;
      return memory.get(key);
    },
  };
  const authorizer = createCallerAuthorizer({ storage, ...(guardrails && { guardrails }) });
  const put = (key: string, record: object) =>
    storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(record) }] });
  return {
    storage,
    authorizer,
    reads: () => reads,
    remove: (key: string) => storage.commit({ changes: [{ type: 'delete', key }] }),
    putUser: (user: UserRecord) => put(userKey(user.accountId, user.name), user),
    putRole: (role: RoleRecord) => put(roleKey(role.accountId, role.name), role),
    putGroup: (group: GroupRecord) => put(groupKey(group.accountId, group.name), group),
    putPolicy: (policy: PolicyRecord) => put(policyKey(policy.accountId, policy.name), policy),
    async ask(caller: Principal, action: string, resources: readonly string[], resourceInMessage?: string) {
      const target = { action, resources, ...(resourceInMessage && { resourceInMessage }) };
      return authorizer.authorize(caller, target, contextOf(caller));
    },
  };
}
