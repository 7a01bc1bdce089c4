import { type CompiledPolicy, compileStoredPolicy, denyingPolicy } from '../../engine/iam/compile.ts';
import type { PolicySource } from '../../engine/iam/decision.ts';
import { createRecordCache } from '../../storage/recordcache.ts';
import type { GroupRecord, RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import { allIamPrefix, groupKey, roleKey, userKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import type { ManagedPolicies } from './managedpolicies.ts';

/** Compiled policies of users, groups and roles, as of the last acknowledged write. */
export interface PrincipalPolicies {
  /** Undefined when there is no such user. */
  user(accountId: string, name: string): Promise<PoliciesOf<UserRecord> | undefined>;
  role(
    accountId: string,
    name: string,
  ): Promise<(PoliciesOf<RoleRecord> & { readonly trust: CompiledPolicy }) | undefined>;
  group(accountId: string, name: string): Promise<PoliciesOf<GroupRecord> | undefined>;
  close(): void;
}

export interface PoliciesOf<R> {
  readonly record: R;
  /** Inline and attached; of a user also those of its groups. */
  readonly identity: readonly CompiledPolicy[];
  /** Absent: no boundary is set. One that is set and cannot be read denies everything. */
  readonly boundary?: CompiledPolicy;
}

export function createPrincipalPolicies({
  storage,
  managed,
  capacity,
}: {
  readonly storage: Storage;
  readonly managed: Pick<ManagedPolicies, 'get'>;
  /** Records of each kind kept compiled; beyond it the one compiled longest ago goes. */
  readonly capacity: number;
}): PrincipalPolicies {
  const options = { prefix: allIamPrefix, capacity };
  const users = createRecordCache(storage, options, (value) => compiled<UserRecord>(value, 'user'));
  const groups = createRecordCache(storage, options, (value) => compiled<GroupRecord>(value, 'group'));
  const roles = createRecordCache(storage, options, compiledRole);

  const identityOf = async ({
    record,
    inline,
  }: Compiled<UserRecord | RoleRecord | GroupRecord>): Promise<readonly CompiledPolicy[]> => {
    if (record.attachedPolicyArns.length === 0) return inline;
    const attached = await Promise.all(
      record.attachedPolicyArns.map((arn) => managed.get(record.accountId, arn, 'identity')),
    );
    return [...inline, ...attached];
  };

  /**
   * SECURITY: a group that cannot be found may have denied something; its members may do nothing until somebody looks.
   * IAM never deletes a group that has members.
   */
  const ofGroup = async (accountId: string, name: string): Promise<readonly CompiledPolicy[]> => {
    const group = await groups.get(groupKey(accountId, name));
    if (group !== undefined) return identityOf(group);
    return [denyingPolicy('identity', { type: 'inline', name: '', bearer: { kind: 'group', name } })];
  };

  const boundaryOf = async ({ accountId, permissionsBoundaryArn: arn }: UserRecord | RoleRecord) =>
    arn === undefined ? {} : { boundary: await managed.get(accountId, arn, 'boundary') };

  return {
    async user(accountId, name) {
      const user = await users.get(userKey(accountId, name));
      if (user === undefined) return undefined;
      const { record } = user;
      const own = await identityOf(user);
      const groupNames = record.groupNames ?? [];
      const theirs = await Promise.all(groupNames.map((group) => ofGroup(accountId, group)));
      const identity = theirs.length === 0 ? own : [...own, ...theirs.flat()];
      return { record, identity, ...(await boundaryOf(record)) };
    },
    async role(accountId, name) {
      const role = await roles.get(roleKey(accountId, name));
      if (role === undefined) return undefined;
      const { record, trust } = role;
      return { record, trust, identity: await identityOf(role), ...(await boundaryOf(record)) };
    },
    async group(accountId, name) {
      const group = await groups.get(groupKey(accountId, name));
      return group && { record: group.record, identity: await identityOf(group) };
    },
    close() {
      users.close();
      groups.close();
      roles.close();
    },
  };
}

interface Compiled<R> {
  readonly record: R;
  readonly inline: readonly CompiledPolicy[];
}

function compiled<R extends UserRecord | RoleRecord | GroupRecord>(
  value: string | undefined,
  kind: 'user' | 'role' | 'group',
): Compiled<R> | undefined {
  if (value === undefined) return undefined;
  const record = JSON.parse(value) as R;
  const inline = Object.entries(record.inlinePolicies).map(([name, document]) => {
    const source: PolicySource = { type: 'inline', name, bearer: { kind, name: record.name } };
    return compileStoredPolicy(document, 'identity', source);
  });
  return { record, inline };
}

function compiledRole(value: string | undefined) {
  const role = compiled<RoleRecord>(value, 'role');
  if (role === undefined) return undefined;
  const { name, trustPolicy, trustedPrincipalIds } = role.record;
  const trust = compileStoredPolicy(trustPolicy, 'trust', { type: 'trust', name }, trustedPrincipalIds);
  return { ...role, trust };
}
