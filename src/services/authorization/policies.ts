import { parseArn } from '../../engine/arn/arn.ts';
import { type CompiledPolicy, compileStoredPolicy, denyingPolicy } from '../../engine/iam/compile.ts';
import type { PolicyRecord, RoleRecord, UserRecord } from '../../storage/records/iam.ts';
import { allIamPrefix, policyKey, roleKey, userKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import { policyArn } from '../iam/arns.ts';
import { awsManagedPolicy } from '../iam/managedpolicies.ts';
import { createRecordCache } from './recordcache.ts';

/** Compiled policies of users and roles, as of the last acknowledged write. */
export interface PrincipalPolicies {
  /** Undefined when there is no such user. */
  user(accountId: string, name: string): Promise<UserPolicies | undefined>;
  role(accountId: string, name: string): Promise<RolePolicies | undefined>;
  close(): void;
}

interface UserPolicies {
  readonly record: UserRecord;
  readonly identity: readonly CompiledPolicy[];
}

interface RolePolicies {
  readonly record: RoleRecord;
  readonly identity: readonly CompiledPolicy[];
  readonly trust: CompiledPolicy;
}

/** Principals or policies kept compiled; beyond it the one compiled longest ago goes. */
const capacity = 10_000;

export function createPrincipalPolicies({
  storage,
  partition,
}: {
  readonly storage: Storage;
  readonly partition: string;
}): PrincipalPolicies {
  const options = { prefix: allIamPrefix, capacity };
  const users = createRecordCache(storage, options, (value) => parse<UserRecord>(value, compileInline));
  const roles = createRecordCache(storage, options, (value) =>
    parse<RoleRecord, CompiledRole>(value, compileRole),
  );
  const policies = createRecordCache(storage, options, (value) =>
    parse<PolicyRecord, ManagedPolicy>(value, (record) => compileManaged(record, partition)),
  );
  const awsPolicies = new Map<string, CompiledPolicy>();

  const compileAws = (arn: string): CompiledPolicy | undefined => {
    const known = awsPolicies.get(arn);
    if (known !== undefined) return known;
    const policy = awsManagedPolicy(arn);
    if (policy === undefined) return undefined;
    const compiled = compileStoredPolicy(policy.document, 'identity', {
      type: 'managed',
      name: policy.name,
      arn,
    });
    awsPolicies.set(arn, compiled);
    return compiled;
  };

  /**
   * SECURITY: an attached policy that cannot be found may have denied something; it denies everything until somebody
   * looks. IAM never deletes an attached policy, so this is a damaged store.
   */
  const attached = async (accountId: string, arn: string): Promise<CompiledPolicy> => {
    const { accountId: owner, resource } = parseArn(arn) ?? { accountId: '', resource: '' };
    const name = resource.slice(resource.lastIndexOf('/') + 1);
    const missing = () => denyingPolicy('identity', { type: 'managed', name, arn });
    if (owner === 'aws') return compileAws(arn) ?? missing();
    if (owner !== accountId) return missing();
    const policy = await policies.get(policyKey(accountId, name));
    return policy?.arn === arn ? policy.compiled : missing();
  };

  const identity = async (
    record: UserRecord | RoleRecord,
    inline: readonly CompiledPolicy[],
  ): Promise<readonly CompiledPolicy[]> => {
    if (record.attachedPolicyArns.length === 0) return inline;
    const managed = await Promise.all(
      record.attachedPolicyArns.map((arn) => attached(record.accountId, arn)),
    );
    return [...inline, ...managed];
  };

  return {
    async user(accountId, name) {
      const user = await users.get(userKey(accountId, name));
      return user && { record: user.record, identity: await identity(user.record, user.inline) };
    },
    async role(accountId, name) {
      const role = await roles.get(roleKey(accountId, name));
      return (
        role && {
          record: role.record,
          identity: await identity(role.record, role.inline),
          trust: role.trust,
        }
      );
    },
    close() {
      users.close();
      roles.close();
      policies.close();
    },
  };
}

interface CompiledInline<R> {
  readonly record: R;
  readonly inline: readonly CompiledPolicy[];
}
type CompiledRole = CompiledInline<RoleRecord> & { readonly trust: CompiledPolicy };
interface ManagedPolicy {
  readonly arn: string;
  readonly compiled: CompiledPolicy;
}

function parse<R, T = CompiledInline<R>>(
  value: string | undefined,
  compile: (record: R) => T,
): T | undefined {
  return value === undefined ? undefined : compile(JSON.parse(value) as R);
}

function compileInline<R extends UserRecord | RoleRecord>(record: R): CompiledInline<R> {
  const inline = Object.entries(record.inlinePolicies).map(([name, document]) =>
    compileStoredPolicy(document, 'identity', { type: 'inline', name }),
  );
  return { record, inline };
}

function compileRole(record: RoleRecord): CompiledRole {
  const source = { type: 'trust', name: record.name } as const;
  const trust = compileStoredPolicy(record.trustPolicy, 'trust', source, record.trustedPrincipalIds);
  return { ...compileInline(record), trust };
}

function compileManaged(record: PolicyRecord, partition: string): ManagedPolicy {
  const arn = policyArn(partition, record);
  const source = { type: 'managed', name: record.name, arn } as const;
  const version = record.versions.find(({ versionId }) => versionId === record.defaultVersionId);
  const compiled =
    version === undefined
      ? denyingPolicy('identity', source)
      : compileStoredPolicy(version.document, 'identity', source);
  return { arn, compiled };
}
