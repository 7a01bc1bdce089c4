import { parseArn } from '../arn/arn.ts';
import { isPartition } from '../arn/partitions.ts';
import type { PolicyRule } from '../rbac/rules.ts';

/** Extension: an access policy of an account's own, in the version that counts. */
export interface CustomPolicy {
  readonly policyArn: string;
  readonly name: string;
  readonly version: number;
  readonly rules: readonly PolicyRule[];
}

/** How large an account's own policy may be. */
export const customPolicyLimits = {
  rules: 50,
  /** Characters of one value: a name of Kubernetes has at most 253, a path may be longer. */
  valueLength: 512,
  /** Characters of all values together, one more for each. */
  length: 32_768,
  /** Pairs of API group and resource: what the index of the decider grows with. */
  pairs: 2_000,
} as const;

export interface CustomPolicyName {
  readonly partition: string;
  readonly accountId: string;
  readonly name: string;
}

/** `arn:PARTITION:eks::ACCOUNT:cluster-access-policy/NAME`: AWS's form with an account where AWS's own have `aws`. */
export function customPolicyArn({ partition, accountId, name }: CustomPolicyName): string {
  return `arn:${partition}:eks::${accountId}:cluster-access-policy/${name}`;
}

/** What the ARN of an account's own policy names; undefined for AWS's policies and everything else. */
export function parseCustomPolicyArn(policyArn: string): CustomPolicyName | undefined {
  const arn = parseArn(policyArn);
  const name = /^cluster-access-policy\/([A-Za-z0-9_-]{1,128})$/.exec(arn?.resource ?? '')?.[1];
  if (arn === undefined || name === undefined) return undefined;
  const { partition, service, region, accountId } = arn;
  const isOwn = isPartition(partition) && service === 'eks' && region === '' && /^\d{12}$/.test(accountId);
  return isOwn ? { partition, accountId, name } : undefined;
}

/**
 * Whether an account may call a policy so.
 *
 * SECURITY: a name that begins like AWS's own would be taken for one of them where only the name is shown.
 */
export function isCustomPolicyName(name: string): boolean {
  return /^[A-Za-z0-9_-]{1,128}$/.test(name) && !/^(?:amazon|aws)/i.test(name);
}
