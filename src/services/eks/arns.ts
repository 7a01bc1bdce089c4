import type { OperationContext } from '../operation.ts';
import type { NamedPrincipal } from './principals.ts';

/** Whose resource it is, and where. */
export type Home = Pick<OperationContext, 'partition' | 'region' | 'caller'>;

const nobody = '00000000-0000-0000-0000-000000000000';

/** ARN of a cluster of the caller's account and region. */
export function clusterArn(context: Home, name: string): string {
  return `${regional(context)}cluster/${name}`;
}

/**
 * `arn:…:access-entry/CLUSTER/{role|user|root}/PRINCIPAL_ACCOUNT/NAME/UUID` (eks-access-facts A9).
 * COMPAT: the name stands without its path (A10); `root` as a kind is ours.
 */
export function accessEntryArn(
  context: Home,
  clusterName: string,
  principal: NamedPrincipal,
  uuid: string,
): string {
  return `${regional(context)}access-entry/${clusterName}/${principal.kind}/${principal.accountId}/${principal.name}/${uuid}`;
}

/**
 * What a request about an entry that does not exist is authorized on. The last segment has the shape of a real one
 * and is never given out, so only statements that cover every entry of that principal match it.
 */
export function missingEntryArn(
  context: Home,
  clusterName: string,
  principal: NamedPrincipal | undefined,
): string {
  // Not a principal: no statement about some principal's entries may match it.
  if (principal === undefined) return `${regional(context)}access-entry/${clusterName}/-/-/-/${nobody}`;
  return accessEntryArn(context, clusterName, principal, nobody);
}

/** `arn:…:identityproviderconfig/CLUSTER/oidc/NAME/UUID` */
export function identityProviderConfigArn(
  context: Home,
  clusterName: string,
  name: string,
  uuid: string,
): string {
  return `${regional(context)}identityproviderconfig/${clusterName}/oidc/${name}/${uuid}`;
}

/** What a request about a config that does not exist is authorized on; see `missingEntryArn`. */
export function missingProviderConfigArn(context: Home, clusterName: string, name: string): string {
  return identityProviderConfigArn(context, clusterName, name, nobody);
}

/** `arn:…:podidentityassociation/CLUSTER/a-…` (eks-access-facts J4) */
export function podIdentityArn(context: Home, clusterName: string, associationId: string): string {
  return `${regional(context)}podidentityassociation/${clusterName}/${associationId}`;
}

/** What denials of operations without resource show (iam-facts G8). */
export function regionalArn(context: Home, resource: string): string {
  return regional(context) + resource;
}

function regional(context: Home): string {
  return `arn:${context.partition}:eks:${context.region}:${context.caller.accountId}:`;
}
