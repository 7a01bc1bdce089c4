import { parsePrincipalArn } from '../../../engine/arn/principalarn.ts';
import { validatePolicy } from '../../../engine/iam/validate.ts';
import { dnsLabelFindings, dnsSubdomainFindings } from '../../../wire/kube/names.ts';
import type { OperationContext } from '../../operation.ts';
import { refuseUnpassableRole } from '../passedrole.ts';
import { crossAccountPassRole, invalidParameter } from '../refusals.ts';
import type { PodIdentitySettings } from './settings.ts';

const namespaceFormat = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';
const serviceAccountFormat = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$';

/** Neither need exist (eks-access-facts J5), but Kubernetes could have them (F27, F28; the end of F28 is ours). */
export function refuseBadSubject(
  { namespace, serviceAccount }: { readonly namespace: string; readonly serviceAccount: string },
  clusterName: string,
): void {
  if (dnsLabelFindings(namespace).length > 0) {
    throw badName('namespace', namespace, 63, namespaceFormat, clusterName);
  }
  if (dnsSubdomainFindings(serviceAccount).length > 0) {
    throw badName('serviceAccount', serviceAccount, 253, serviceAccountFormat, clusterName);
  }
}

/** COMPAT: the text for a name that is too long is ours. */
function badName(member: string, value: string, longest: number, format: string, clusterName: string) {
  return invalidParameter(
    value.length > longest
      ? `The parameter ${member} must have 1 to ${longest} characters`
      : `The parameter ${member} contains invalid characters. It should conform to the regular expression "${format}"`,
    clusterName,
  );
}

/**
 * The role of the pods: its form and its account (F26). COMPAT: users report that an empty ARN, too, is told to be of
 * another account.
 */
export function refuseBadPodRole(roleArn: string, context: OperationContext, clusterName: string): void {
  if (roleArn === '') throw crossAccountPassRole();
  refuseUnpassableRole(roleArn, context, clusterName);
}

/**
 * The role that is assumed next may be of any account (J6), so whether it exists is not asked.
 * SECURITY: an answer would tell which roles another account has.
 */
export function refuseBadTargetRole(
  targetRoleArn: string,
  context: OperationContext,
  clusterName: string,
): void {
  const target = parsePrincipalArn(targetRoleArn);
  if (target?.kind !== 'role' || target.partition !== context.partition) {
    throw invalidParameter('The targetRoleArn parameter format is not valid', clusterName);
  }
}

/** What STS takes as a session policy (iam-facts I1): a longer one could never be used. COMPAT: EKS's limit is not known (J9). */
const longestPolicy = 2048;

/** J9. The texts are ours. */
export function refuseBadSessionPolicy(policy: string, clusterName: string): void {
  if (policy.length > longestPolicy) {
    throw invalidParameter(`The policy must have at most ${longestPolicy} characters`, clusterName);
  }
  if (!/^[\t\n\r\u0020-\u00FF]+$/.test(policy)) {
    throw invalidParameter('The policy contains characters that a session policy cannot have', clusterName);
  }
  const result = validatePolicy(policy, 'session');
  if (!result.ok) throw invalidParameter(`The policy is not valid: ${result.fault.message}`, clusterName);
}

/** F29, of what an association has in the end. */
export function refusePolicyWithTags(settings: PodIdentitySettings, clusterName: string): void {
  if (settings.policy !== undefined && !settings.disableSessionTags) {
    throw invalidParameter('When policy is specified, disableSessionTags must be set to true', clusterName);
  }
}
