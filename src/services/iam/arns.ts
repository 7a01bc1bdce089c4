import { parseArn } from '../../engine/arn/arn.ts';
import type { GroupRecord, PolicyRecord, RoleRecord, UserRecord } from '../../storage/records/iam.ts';

type Named = { readonly accountId: string; readonly path: string; readonly name: string };

/** `arn:P:iam::ACCOUNT:KIND/PATH/NAME` (iam-facts J2). */
export function entityArn(
  partition: string,
  kind: 'user' | 'group' | 'role' | 'policy' | 'instance-profile' | 'mfa',
  { accountId, path, name }: Named,
): string {
  return `arn:${partition}:iam::${accountId}:${kind}${path}${name}`;
}

export const userArn = (partition: string, user: Pick<UserRecord, keyof Named>): string =>
  entityArn(partition, 'user', user);
export const roleArn = (partition: string, role: Pick<RoleRecord, keyof Named>): string =>
  entityArn(partition, 'role', role);
export const groupArn = (partition: string, group: Pick<GroupRecord, keyof Named>): string =>
  entityArn(partition, 'group', group);
export const policyArn = (partition: string, policy: Pick<PolicyRecord, keyof Named>): string =>
  entityArn(partition, 'policy', policy);
export const rootArn = (partition: string, accountId: string): string =>
  `arn:${partition}:iam::${accountId}:root`;

/**
 * What a call about an ARN is authorized on: the ARN as it came, or everything when it is none. So who may do
 * everything is told what is wrong with it, and who may do less, that they may not.
 */
export function arnOrAll(arn: string | undefined): string {
  return arn !== undefined && parseArn(arn) !== undefined ? arn : '*';
}
