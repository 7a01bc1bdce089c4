import type { Gap } from '../../../engine/analysis/snapshot/snapshot.ts';
import type { Findings } from '../facts.ts';
import type { FileDocument } from '../text/documents.ts';
import type { TerraformResource } from './resources.ts';

/** Tells of a resource that is not read, where it may give somebody access. */
export function tellUnread(
  { type, address, part }: TerraformResource,
  { findings, document }: { readonly findings: Findings; readonly document: FileDocument },
): void {
  const known = mayGrant.get(type);
  if (known === undefined && (harmless.has(type) || !/^aws_(?:iam|eks)_/.test(type))) return;
  const { area, reason } = known ?? {
    area: type.startsWith('aws_iam_') ? ('iam' as const) : ('accessEntries' as const),
    reason: `resources of type \`${type.slice(0, 100)}\` are not read here`,
  };
  findings.gap({ area, reason: `\`${address}\`: ${reason}`, place: document.placeOf(part) });
}

const mayGrant: ReadonlyMap<string, { readonly area: Gap['area']; readonly reason: string }> = new Map([
  ['helm_release', { area: 'rbac', reason: 'roles and bindings of its chart are not read here' }],
  ['kustomization_resource', { area: 'rbac', reason: 'its manifest is not read here' }],
  ['aws_eks_addon', { area: 'rbac', reason: 'what the add-on brings into the cluster is not read here' }],
  [
    'aws_eks_node_group',
    { area: 'accessEntries', reason: 'EKS lets its nodes in by itself, which is not read here' },
  ],
  [
    'aws_eks_fargate_profile',
    { area: 'accessEntries', reason: 'EKS lets its nodes in by itself, which is not read here' },
  ],
  ['aws_cloudformation_stack', { area: 'iam', reason: 'its template is not read here' }],
  ['aws_cloudformation_stack_set', { area: 'iam', reason: 'its template is not read here' }],
]);

/** Of IAM, and open no door by themselves. */
const harmless: ReadonlySet<string> = new Set(
  [
    ...['account_alias', 'account_password_policy', 'instance_profile', 'organizations_features'],
    ...['saml_provider', 'security_token_service_preferences', 'server_certificate', 'service_linked_role'],
    ...['service_specific_credential', 'signing_certificate', 'user_ssh_key', 'virtual_mfa_device'],
  ].map((name) => `aws_iam_${name}`),
);
