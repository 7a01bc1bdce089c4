import { parseArn } from '../../engine/arn/arn.ts';
import { isPartition } from '../../engine/arn/partitions.ts';
import { invalidParameter } from './refusals.ts';

/**
 * Refuses what is not the ARN of an access policy of any partition (F13; C3: no region, account `aws`).
 *
 * COMPAT: the ARN of an account's own policy is well-formed here; EKS knows none (docs/compat.md).
 */
export function refuseMalformedPolicyArn(policyArn: string): void {
  const arn = policyArn.length > 2048 ? undefined : parseArn(policyArn);
  const wellFormed =
    arn !== undefined &&
    isPartition(arn.partition) &&
    arn.service === 'eks' &&
    arn.region === '' &&
    /^(?:aws|\d{12})$/.test(arn.accountId) &&
    /^cluster-access-policy\/[A-Za-z0-9_-]{1,128}$/.test(arn.resource);
  if (!wellFormed) throw invalidParameter('The policyArn parameter format is not valid');
}
