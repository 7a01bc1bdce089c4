import { parsePrincipalArn } from '../../engine/arn/principalarn.ts';
import type { OperationContext } from '../operation.ts';
import { crossAccountPassRole, invalidParameter } from './refusals.ts';

/** Refuses what is no role, or a role of another account (F26): nobody can pass it to EKS. Whether it exists is not looked at. */
export function refuseUnpassableRole(roleArn: string, context: OperationContext, clusterName: string): void {
  const role = parsePrincipalArn(roleArn);
  if (role?.kind !== 'role' || role.partition !== context.partition) {
    throw invalidParameter('The roleArn parameter format is not valid', clusterName);
  }
  if (role.accountId !== context.caller.accountId) throw crossAccountPassRole();
}
