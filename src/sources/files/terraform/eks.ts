import { asObject, asText } from '../../../access/json.ts';
import { readAssociation } from '../../podcredentials.ts';
import { associatedPolicy, placeOfArn, readMode } from '../awscli/eks.ts';
import type { ClusterRef } from '../facts.ts';
import type { ReadResource } from './reading.ts';
import { listOf } from './resources.ts';

/** Readers by type of resource (the AWS provider's). */
export const eksResources: ReadonlyMap<string, (resource: ReadResource) => void> = new Map([
  ['aws_eks_cluster', readCluster],
  ['aws_eks_access_entry', readAccessEntry],
  ['aws_eks_access_policy_association', readPolicyAssociation],
  ['aws_eks_identity_provider_config', readIdentityProvider],
  ['aws_eks_pod_identity_association', readPodIdentity],
]);

function readCluster(of: ReadResource): void {
  const name = of.settled('name', 'cluster');
  if (name === undefined) return;
  const access = of.block('access_config');
  const arn = of.text('arn');
  const mode = asText(access?.authentication_mode);
  const isModeOpen = mode === undefined && of.isUnknown('access_config');
  if (isModeOpen) of.gap('cluster', 'its authentication mode is known only after apply');
  const isNew = arn === undefined;
  const isCreatorAdmin = access?.bootstrap_cluster_creator_admin_permissions !== false;
  if (isNew && isCreatorAdmin) {
    of.gap('accessEntries', `whoever applies this becomes administrator of cluster \`${name}\``);
  }
  of.findings.add({
    fact: 'cluster',
    cluster: { name, ...regionOf(of), ...placeOfArn(arn) },
    told: {
      version: of.text('version'),
      createdAt: of.time('created_at'),
      // Nothing said of a new cluster is the API's own default (eks-access-facts D1).
      authenticationMode: isModeOpen
        ? undefined
        : mode === undefined && arn === undefined
          ? 'CONFIG_MAP'
          : readMode(mode, (reason) => of.gap('cluster', reason)),
      tags: of.textMap('tags_all') ?? of.textMap('tags'),
      issuer: issuerOf(of),
    },
    isCreatorSettled: isNew || !isCreatorAdmin,
    place: of.place,
  });
}

/** Of a cluster that is there; of one that is not AWS has not made it. */
function issuerOf(of: ReadResource): string | undefined {
  const [oidc] = listOf(of.block('identity')?.oidc);
  const issuer = asText(asObject(oidc)?.issuer);
  return issuer === '' ? undefined : issuer;
}

function clusterOf(
  of: ReadResource,
  area: 'accessEntries' | 'identityProviders' | 'podIdentity',
): ClusterRef | undefined {
  const name = of.settled('cluster_name', area);
  return name === undefined ? undefined : { name, ...regionOf(of) };
}

/** Since its sixth version the AWS provider tells the region of each resource. */
function regionOf(of: ReadResource): Pick<ClusterRef, 'region'> {
  const region = of.text('region');
  return region === undefined || region === '' ? {} : { region };
}

function readAccessEntry(of: ReadResource): void {
  const cluster = clusterOf(of, 'accessEntries');
  const principalArn = of.settled('principal_arn', 'accessEntries');
  if (cluster === undefined || principalArn === undefined) return;
  if (of.isUnknown('kubernetes_groups')) {
    of.gap('accessEntries', 'its `kubernetes_groups` are known only after apply');
  }
  const told = of.text('access_entry_arn');
  of.findings.add({
    ...{ fact: 'entry', cluster: { ...cluster, ...placeOfArn(told) }, principalArn },
    told: {
      type: of.text('type') ?? 'STANDARD',
      username: of.text('user_name'),
      kubernetesGroups: of.texts('kubernetes_groups'),
      createdAt: of.time('created_at'),
      modifiedAt: of.time('modified_at'),
      tags: of.textMap('tags_all') ?? of.textMap('tags'),
    },
    place: of.place,
  });
  of.findings.add({ fact: 'policies', cluster, principalArn, policies: [], areAll: true, place: of.place });
}

function readPolicyAssociation(of: ReadResource): void {
  const cluster = clusterOf(of, 'accessEntries');
  const principalArn = of.settled('principal_arn', 'accessEntries');
  if (cluster === undefined || principalArn === undefined) return;
  const policy = associatedPolicy(
    of.settled('policy_arn', 'accessPolicies'),
    of.block('access_scope'),
    (reason) => of.gap('accessPolicies', `it ${reason}: it is left out`),
  );
  if (policy === undefined) return;
  const policies = [policy];
  of.findings.add({ fact: 'policies', cluster, principalArn, policies, areAll: false, place: of.place });
}

function readIdentityProvider(of: ReadResource): void {
  const cluster = clusterOf(of, 'identityProviders');
  const oidc = of.block('oidc') ?? {};
  const [name, issuerUrl] = [asText(oidc.identity_provider_config_name), asText(oidc.issuer_url)];
  const clientId = asText(oidc.client_id);
  if (cluster === undefined) return;
  if (name === undefined || issuerUrl === undefined || clientId === undefined) {
    of.gap('identityProviders', 'its `oidc` is not known: it is left out');
    return;
  }
  const optional = (['username_claim', 'username_prefix', 'groups_claim', 'groups_prefix'] as const).flatMap(
    (member) => {
      const text = asText(oidc[member]);
      const [first = '', second = ''] = member.split('_');
      return text === undefined || text === ''
        ? []
        : [[`${first}${second === 'claim' ? 'Claim' : 'Prefix'}`, text] as const];
    },
  );
  const provider = { name, issuerUrl, clientId, ...Object.fromEntries(optional) };
  of.findings.add({ fact: 'identityProvider', cluster, provider, place: of.place });
}

function readPodIdentity(of: ReadResource): void {
  const cluster = clusterOf(of, 'podIdentity');
  const roleArn = of.settled('role_arn', 'podIdentity');
  // With a target the pods get that role and not the other.
  const isTargetOpen = of.isUnknown('target_role_arn');
  const targetRoleArn = isTargetOpen
    ? of.settled('target_role_arn', 'podIdentity')
    : of.text('target_role_arn');
  if (cluster === undefined || roleArn === undefined || (isTargetOpen && targetRoleArn === undefined)) return;
  const association = readAssociation({
    ...{ roleArn, targetRoleArn },
    associationId: of.text('association_id'),
    namespace: of.text('namespace'),
    serviceAccount: of.text('service_account'),
    externalId: of.text('external_id'),
    disableSessionTags: of.boolean('disable_session_tags'),
    policy: of.text('policy'),
  });
  if (association === undefined) {
    of.gap('podIdentity', 'its service account is known only after apply: it is left out');
    return;
  }
  of.findings.add({ fact: 'podIdentity', cluster, association, place: of.place });
}
