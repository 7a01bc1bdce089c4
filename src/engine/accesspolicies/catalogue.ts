import { customerRules } from './customerrules.ts';
import type { AccessPolicy, PublishedRules } from './policy.ts';
import { serviceRules } from './servicerules.ts';

const publishedRules: PublishedRules = { ...customerRules, ...serviceRules };

/**
 * Every access policy known by name, in byte order.
 *
 * COMPAT: the 33 names with `inStockList` are what ListAccessPolicies answered in April 2026 (eks-access-facts C16).
 * The other four are documented or seen on real entries; they can be associated by ARN as far as EKS lets customers
 * do that, but are not listed, so that the list stays the stock one.
 */
const policies: readonly AccessPolicy[] = (
  [
    { name: 'AIDevOpsAgentAccessPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AWSBackupFullAccessPolicyForBackup', intendedFor: 'unstated', inStockList: false },
    { name: 'AWSBackupFullAccessPolicyForRestore', intendedFor: 'unstated', inStockList: false },
    { name: 'AmazonAIOpsAssistantPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonARCRegionSwitchScalingPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonEKSACKPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonEKSAdminPolicy', intendedFor: 'customers', inStockList: true },
    { name: 'AmazonEKSAdminViewPolicy', intendedFor: 'customers', inStockList: true },
    { name: 'AmazonEKSArgoCDClusterPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonEKSArgoCDPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonEKSAutoNodePolicy', intendedFor: 'customers', inStockList: true },
    { name: 'AmazonEKSBlockStorageClusterPolicy', intendedFor: 'serviceLinkedRoles', inStockList: true },
    { name: 'AmazonEKSBlockStoragePolicy', intendedFor: 'serviceLinkedRoles', inStockList: true },
    { name: 'AmazonEKSClusterAdminPolicy', intendedFor: 'customers', inStockList: true },
    { name: 'AmazonEKSClusterInsightsPolicy', intendedFor: 'serviceLinkedRoles', inStockList: false },
    { name: 'AmazonEKSComputeClusterPolicy', intendedFor: 'serviceLinkedRoles', inStockList: true },
    { name: 'AmazonEKSComputePolicy', intendedFor: 'serviceLinkedRoles', inStockList: true },
    { name: 'AmazonEKSEditPolicy', intendedFor: 'customers', inStockList: true },
    { name: 'AmazonEKSEventPolicy', intendedFor: 'serviceLinkedRoles', inStockList: true },
    { name: 'AmazonEKSHybridPolicy', intendedFor: 'serviceLinkedRoles', inStockList: true },
    { name: 'AmazonEKSKROPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonEKSLoadBalancingClusterPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonEKSLoadBalancingPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonEKSNetworkingClusterPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonEKSNetworkingPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonEKSPodIdentityPolicy', intendedFor: 'serviceLinkedRoles', inStockList: true },
    { name: 'AmazonEKSSecretAdminPolicy', intendedFor: 'customers', inStockList: true },
    { name: 'AmazonEKSSecretReaderPolicy', intendedFor: 'customers', inStockList: true },
    { name: 'AmazonEKSViewPolicy', intendedFor: 'customers', inStockList: true },
    { name: 'AmazonEMRJobPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonPrometheusScraperPolicy', intendedFor: 'serviceLinkedRoles', inStockList: false },
    { name: 'AmazonSagemakerHyperpodClusterPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonSagemakerHyperpodControllerPolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonSagemakerHyperpodSpacePolicy', intendedFor: 'customers', inStockList: true },
    { name: 'AmazonSagemakerHyperpodSpaceTemplatePolicy', intendedFor: 'customers', inStockList: true },
    { name: 'AmazonSagemakerHyperpodSystemNamespacePolicy', intendedFor: 'unstated', inStockList: true },
    { name: 'AmazonSagemakerHyperpodUserClusterPolicy', intendedFor: 'customers', inStockList: true },
  ] as const
).map((policy) => ({ ...policy, rules: publishedRules[policy.name] }));

const policiesByName = new Map(policies.map((policy) => [policy.name, policy]));

/** `arn:PARTITION:eks::aws:cluster-access-policy/NAME` (eks-access-facts C3). */
export function accessPolicyArn(name: string, partition: string): string {
  return `arn:${partition}:eks::aws:cluster-access-policy/${name}`;
}

/**
 * The policy with exactly this ARN in this partition; an ARN of another partition names nothing
 * (eks-access-facts C15). Comparison is bytewise.
 */
export function findAccessPolicy(arn: string, partition: string): AccessPolicy | undefined {
  const prefix = accessPolicyArn('', partition);
  return arn.startsWith(prefix) ? policiesByName.get(arn.slice(prefix.length)) : undefined;
}

/** What ListAccessPolicies answers: 33 names in byte order (eks-access-facts C16). */
export function listAccessPolicies(
  partition: string,
): readonly { readonly name: string; readonly arn: string }[] {
  return policies
    .filter((policy) => policy.inStockList)
    .map(({ name }) => ({ name, arn: accessPolicyArn(name, partition) }));
}

/** All policies that can be found by ARN, in byte order of their names. */
export function knownAccessPolicies(): readonly AccessPolicy[] {
  return policies;
}
