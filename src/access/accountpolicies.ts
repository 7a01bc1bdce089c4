import { type CustomPolicy, customPolicyArn, isCustomPolicyName } from '../engine/accesspolicies/custom.ts';
import type { PolicyRule } from '../engine/rbac/rules.ts';
import { allAccessPoliciesPrefix } from '../storage/records/keys.ts';
import { asList, asObject, asTexts, parseObject } from './json.ts';

/** Whoever decides by the access policies of one account. */
interface PolicyReader {
  applyPolicy(policy: CustomPolicy): void;
  removePolicy(policyArn: string): void;
}

/** Access policies that accounts made themselves, handed to the clusters of their own account and to no others. */
export interface AccountPolicies {
  /** A record as it is stored now; undefined when it was deleted. False: it cannot be read and grants nothing. */
  apply(key: string, value: string | undefined): boolean;
  /** From now on the cluster follows the policies of its account; again changes nothing. */
  join(clusterId: string, accountId: string, reader: PolicyReader): void;
  leave(clusterId: string): void;
}

interface Followed {
  readonly policy: CustomPolicy;
  /** What it was read from: an association changes the record and not the policy. */
  readonly source: string;
}

export function createAccountPolicies(partition: string): AccountPolicies {
  const byAccount = new Map<string, Map<string, Followed>>();
  const readers = new Map<string, { readonly accountId: string; readonly reader: PolicyReader }>();

  const readersOf = (accountId: string): readonly PolicyReader[] =>
    [...readers.values()].filter((one) => one.accountId === accountId).map(({ reader }) => reader);

  return {
    apply(key, value) {
      const [accountId = '', name = ''] = key.slice(allAccessPoliciesPrefix.length).split('/');
      const policyArn = customPolicyArn({ partition, accountId, name });
      const policies = byAccount.get(accountId) ?? new Map<string, Followed>();
      const read = value === undefined ? undefined : readPolicy(value, { accountId, name });
      if (read === undefined) {
        policies.delete(policyArn);
        if (policies.size === 0) byAccount.delete(accountId);
        for (const reader of readersOf(accountId)) reader.removePolicy(policyArn);
        return value === undefined;
      }
      const source = JSON.stringify(read);
      if (policies.get(policyArn)?.source === source) return true;
      const policy: CustomPolicy = { policyArn, name, ...read };
      policies.set(policyArn, { policy, source });
      byAccount.set(accountId, policies);
      for (const reader of readersOf(accountId)) reader.applyPolicy(policy);
      return true;
    },
    join(clusterId, accountId, reader) {
      if (readers.has(clusterId)) return;
      readers.set(clusterId, { accountId, reader });
      for (const { policy } of byAccount.get(accountId)?.values() ?? []) reader.applyPolicy(policy);
    },
    leave: (clusterId) => void readers.delete(clusterId),
  };
}

/** The version that counts; undefined where anything that decides is missing or of another type. */
function readPolicy(
  text: string,
  key: { readonly accountId: string; readonly name: string },
): Pick<CustomPolicy, 'version' | 'rules'> | undefined {
  const record = parseObject(text);
  if (record === undefined || record.accountId !== key.accountId || record.name !== key.name)
    return undefined;
  if (!isCustomPolicyName(key.name) || !Array.isArray(record.versions)) return undefined;
  const last = asObject(record.versions.at(-1));
  const version = last?.version;
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || !Array.isArray(last?.rules)) {
    return undefined;
  }
  const rules = asList(last.rules, readRule);
  return rules && { version, rules };
}

/**
 * SECURITY: every list must be there: an absent one must not turn into an empty one, which in `resourceNames` would mean
 * "every name".
 */
function readRule(value: unknown): PolicyRule | undefined {
  const rule = asObject(value);
  const [verbs, apiGroups, resources, resourceNames, nonResourceURLs] = [
    rule?.verbs,
    rule?.apiGroups,
    rule?.resources,
    rule?.resourceNames,
    rule?.nonResourceURLs,
  ].map((list) => (Array.isArray(list) ? asTexts(list) : undefined));
  if (!verbs || !apiGroups || !resources || !resourceNames || !nonResourceURLs) return undefined;
  return { verbs, apiGroups, resources, resourceNames, nonResourceURLs };
}
