import type { KnownPrincipal, Principals } from '../../world/principals.ts';

/** Conditions and variables on the tags that Pod Identity gives to sessions (eks-access-facts J8). */
const podTag = /aws:PrincipalTag\/(?:eks-cluster-|kubernetes-)/i;

/** The policy of the role that reads such a tag, for a message; undefined where none of those that were read does. */
export function readsPodTags(
  { record, accountId }: KnownPrincipal,
  principals: Pick<Principals, 'managedPolicy'>,
): string | undefined {
  for (const [name, text] of Object.entries(record.inlinePolicies)) {
    if (podTag.test(text)) return `policy \`${name}\``;
  }
  const managed = [
    ...record.attachedPolicyArns,
    ...(record.permissionsBoundaryArn === undefined ? [] : [record.permissionsBoundaryArn]),
  ];
  const arn = managed.find((one) => podTag.test(principals.managedPolicy(accountId, one) ?? ''));
  return arn === undefined ? undefined : `\`${arn}\``;
}
