import { expect, test } from 'vitest';
import { emptySnapshot, type SnapshotCluster } from '../../engine/analysis/snapshot/snapshot.ts';
import { testAssociation, testCluster } from '../../engine/analysis/testworld.ts';
import { mergeSnapshots } from '../merge.ts';
import { applyPlan } from './terraform/apply/applyplan.ts';
import { parsePlan } from './terraform/plan.ts';
import { gapTexts, readTexts } from './testworld.ts';

const json = (...values: readonly object[]) =>
  readTexts({ 'a.json': values.map((value) => JSON.stringify(value)).join('\n') });
const arn = (name: string): string => `arn:aws:iam::111122223333:role/${name}`;
const told = {
  ...{ associationId: '', namespace: 'payments', serviceAccount: 'api', roleArn: arn('first') },
  ...{ targetRoleArn: arn('last'), disableSessionTags: true, policy: '{}' },
};
const terraform = {
  ...{ cluster_name: 'prod', namespace: 'payments', service_account: 'api', role_arn: arn('first') },
  ...{ target_role_arn: arn('last'), disable_session_tags: true, policy: '{}' },
};
const change = (before: object | null, after: object | null, unknown: object = {}) => ({
  ...{ address: 'aws_eks_pod_identity_association.x', mode: 'managed', name: 'x' },
  type: 'aws_eks_pod_identity_association',
  change: {
    actions: [before === null ? 'create' : after === null ? 'delete' : 'update'],
    ...{ before, after, after_unknown: unknown },
  },
});
const planOf = (
  changes: readonly object[],
  resources: readonly object[] = [],
  more: object = {},
): object => ({
  ...{ format_version: '1.2', terraform_version: '1.13.4', resource_changes: changes },
  ...{ planned_values: { root_module: { resources } }, ...more },
});
const made = (values: object): object => ({
  ...{ address: 'aws_eks_pod_identity_association.x', mode: 'managed', name: 'x' },
  ...{ type: 'aws_eks_pod_identity_association', values },
});
const template = (more: object = {}): object => ({
  Resources: {
    x: {
      Type: 'AWS::EKS::PodIdentityAssociation',
      Properties: {
        ...{ ClusterName: 'prod', Namespace: 'payments', ServiceAccount: 'api', RoleArn: arn('first') },
        ...{ TargetRoleArn: arn('last'), DisableSessionTags: true, Policy: '{}', ...more },
      },
    },
  },
});
const eksctl = (more: object = {}): object => ({
  ...{ apiVersion: 'eksctl.io/v1alpha5', kind: 'ClusterConfig', metadata: { name: 'prod' } },
  iam: {
    podIdentityAssociations: [
      {
        ...{ namespace: 'payments', serviceAccountName: 'api', roleARN: arn('first') },
        ...{ targetRoleARN: arn('last'), disableSessionTags: true, policy: '{}', ...more },
      },
    ],
  },
});

test.for<[string, object]>([
  ['Terraform', planOf([], [made(terraform)])],
  ['CloudFormation', template()],
  ['eksctl', eksctl()],
])('%s tells a target role, tags that are left out and a session policy', async ([, document]) => {
  const { clusters, gaps } = await json(document);
  expect(clusters[0]?.podIdentityAssociations).toEqual([told]);
  expect(clusters[0]?.serviceAccounts).toBe(undefined);
  expect(gaps.filter(({ area }) => area === 'podIdentity')).toMatchObject([
    { reason: expect.stringMatching(/^perhaps not all Pod Identity associations of cluster `prod`/) },
  ]);
});

test.for<[string, object, RegExp]>([
  [
    'Terraform',
    planOf(
      [change(null, { ...terraform, target_role_arn: null }, { target_role_arn: true })],
      [made({ ...terraform, target_role_arn: null })],
      {
        configuration: {
          root_module: {
            resources: [
              {
                address: 'aws_eks_pod_identity_association.x',
                expressions: { target_role_arn: { references: ['var.x'] } },
              },
            ],
          },
        },
      },
    ),
    /`target_role_arn` is known only after apply/,
  ],
  [
    'CloudFormation',
    template({ TargetRoleArn: { 'Fn::ImportValue': 'x' } }),
    /cannot be told: it is left out/,
  ],
  ['eksctl', eksctl({ roleARN: undefined }), /the role that eksctl makes for pod identity `payments\/api`/],
])('%s: an association whose role is not known is left out and told', async ([, document, reason]) => {
  const snapshot = await json({ cluster: { name: 'prod' } }, document);
  expect(snapshot.clusters[0]?.podIdentityAssociations ?? []).toEqual([]);
  expect(gapTexts(snapshot)).toContainEqual(expect.stringMatching(reason));
});

const pod = (name: string, metadata: object = { uid: 'u' }) => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'payments', ...metadata } },
  spec: {
    ...{ serviceAccountName: 'api', nodeName: 'n' },
    containers: [{ env: [{ name: 'AWS_ROLE_ARN', value: arn('r') }] }],
  },
});

test('pods that run are told what they were told; those of manifests are not made yet', async () => {
  const ended = { ...pod('job'), status: { phase: 'Succeeded' } };
  const snapshot = await json(pod('runs'), pod('written', {}), ended);
  expect(snapshot.clusters[0]?.pods).toEqual([
    {
      ...{ namespace: 'payments', name: 'runs', serviceAccount: 'api', nodeName: 'n', hostNetwork: false },
      ...{ injectedRoleArn: arn('r'), injectedPodIdentity: false },
    },
    expect.objectContaining({ name: 'job', hasEnded: true }),
  ]);
  expect(snapshot.gaps.map(({ area }) => area)).toContain('pods');
});

test.for<[string, Partial<SnapshotCluster>, object, readonly object[], readonly string[]]>([
  ['is made', { podIdentityAssociations: [] }, change(null, terraform), [told], []],
  ['is made where none are known', {}, change(null, terraform), [told], ['podIdentity']],
  [
    'is changed',
    { podIdentityAssociations: [{ ...told, associationId: 'a-1' }] },
    change(terraform, { ...terraform, role_arn: arn('other') }),
    [{ ...told, associationId: 'a-1', roleArn: arn('other') }],
    [],
  ],
  [
    'is changed, and was otherwise since',
    { podIdentityAssociations: [{ ...told, policy: '{"a":1}' }] },
    change(terraform, { ...terraform, role_arn: arn('other') }),
    [{ ...told, roleArn: arn('other') }],
    ['podIdentity'],
  ],
  ['goes', { podIdentityAssociations: [told] }, change(terraform, null), [], []],
  ['goes, and is gone', { podIdentityAssociations: [] }, change(terraform, null), [], ['podIdentity']],
])('an association that a plan changes: %s', ([, cluster, changed, expected, areas]) => {
  const serviceAccounts = [{ namespace: 'payments', name: 'api', roleArn: arn('annotated') }];
  const before = {
    ...emptySnapshot('aws', 7),
    clusters: [testCluster({ ...cluster, serviceAccounts })],
  };
  const { clusters, gaps } = applyPlan(before, parsePlan(JSON.stringify(planOf([changed])), 'plan.json'));
  expect(clusters[0]?.podIdentityAssociations).toEqual(expected);
  expect(clusters[0]?.serviceAccounts).toEqual(serviceAccounts);
  expect(gaps.map(({ area }) => area)).toEqual(areas);
});

test('of two sources each service account has one association, and what differs is told', () => {
  const of = (cluster: Partial<SnapshotCluster>) => ({
    ...emptySnapshot('aws', 7),
    clusters: [testCluster(cluster)],
  });
  const one = testAssociation(arn('one'));
  const web = testAssociation(arn('web'), { serviceAccount: 'web' });
  const { clusters, gaps } = mergeSnapshots(
    of({ podIdentityAssociations: [one, web], issuer: 'https://a/id/A', pods: [] }),
    of({
      podIdentityAssociations: [
        { ...web, associationId: '' },
        { ...one, roleArn: arn('two') },
      ],
      issuer: 'https://a/id/B',
    }),
  );
  expect(clusters[0]).toMatchObject({ issuer: 'https://a/id/B', pods: [] });
  expect(clusters[0]?.podIdentityAssociations).toEqual([{ ...one, roleArn: arn('two') }, web]);
  expect(gaps.map(({ area }) => area)).toEqual(['cluster', 'podIdentity']);
});
