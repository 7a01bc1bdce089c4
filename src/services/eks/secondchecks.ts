import { conditionKey, joinKeys } from '../conditionkeys.ts';
import type { OperationContext } from '../operation.ts';
import type { EksDeps } from './deps.ts';
import { taggingKeys } from './entrykeys.ts';
import type { Tags } from './tagrules.ts';

type Authorize = Pick<EksDeps, 'authorize'>;

/**
 * May the caller hand this role to EKS, or to the service with which EKS shares it (iam-facts E14)? Throws AccessDenied.
 * COMPAT: `iam:AssociatedResourceArn` is the cluster; AWS documents that for Pod Identity, not for the others.
 */
export function requirePassRole(
  { authorize }: Authorize,
  context: OperationContext,
  roleArn: string,
  clusterArn: string,
  service: 'eks.amazonaws.com' | 'ssm.amazonaws.com' | 'pods.eks.amazonaws.com' = 'eks.amazonaws.com',
): Promise<void> {
  return authorize(context, {
    action: 'iam:PassRole',
    resources: [roleArn],
    context: joinKeys(
      conditionKey('iam:PassedToService', service),
      conditionKey('iam:AssociatedResourceArn', clusterArn),
    ),
  });
}

/**
 * May the caller give tags to what is being created? Throws AccessDenied.
 *
 * COMPAT: whether EKS asks for `eks:TagResource` here is not documented; users report that it does (iam-facts E15).
 * SECURITY: tags decide in policies; whoever may create but not tag must not choose them.
 */
export async function requireTagging(
  { authorize }: Authorize,
  context: OperationContext,
  arn: string,
  tags: Tags,
): Promise<void> {
  if (Object.keys(tags).length === 0) return;
  await authorize(context, { action: 'eks:TagResource', resources: [arn], context: taggingKeys(tags) });
}
