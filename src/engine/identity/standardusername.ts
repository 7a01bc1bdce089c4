/**
 * The username EKS gives an access entry of type STANDARD that was made without one (eks-access-facts B3, B19): a user's or
 * root's own ARN (B20: with the user's path), a role's session ARN as a template.
 */
export function standardUsername(principal: {
  readonly kind: string;
  readonly partition: string;
  readonly accountId: string;
  readonly name: string;
  readonly arn: string;
}): string {
  const { kind, partition, accountId, name, arn } = principal;
  return kind === 'role' ? `arn:${partition}:sts::${accountId}:assumed-role/${name}/{{SessionName}}` : arn;
}
