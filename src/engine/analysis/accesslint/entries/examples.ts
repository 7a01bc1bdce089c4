import { allow } from '../../../rbac/allow.ts';
import type { SnapshotAccessEntry } from '../../snapshot/snapshot.ts';
import { testArn, testEntry, testGrant, testTakenAt, testUser } from '../../testworld.ts';
import type { Example, Examples } from '../example.ts';
import { exampleRole, trust } from '../testworld.ts';

const ops = testArn('role/ops');
const day = 86_400_000;
const read = [allow('get list watch', 'core', 'pods')];

/** The entry of `role/ops`, which exists. */
const entry = (
  policies: Readonly<Record<string, readonly string[]>>,
  change: Partial<SnapshotAccessEntry> = {},
  more: Example['cluster'] = {},
): Example => ({
  account: { roles: [exampleRole('ops')] },
  cluster: { accessEntries: [testEntry(ops, policies, change)], ...more },
});
const view = { AmazonEKSViewPolicy: ['default'] };
const viewUntil = (expiresAt: number): Example =>
  entry(
    {},
    {
      associatedPolicies: [
        {
          policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy',
          accessScope: { type: 'namespace', namespaces: ['default'] },
          expiresAt,
        },
      ],
    },
  );
const mapped = (arn: string, groups: readonly string[] = ['operators']) => ({
  roles: [{ rolearn: arn, username: 'ops', groups }],
  users: [],
  accounts: [],
});
const operators = testGrant('operators', 'Group:operators', read, 'default');

const nodes = exampleRole('nodes', {
  attachedPolicyArns: ['arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy'],
  trustPolicy: trust({ Service: 'ec2.amazonaws.com' }),
});
const nodeEntry = testEntry(
  nodes.arn,
  {},
  {
    type: 'EC2_LINUX',
    username: 'system:node:{{EC2PrivateDNSName}}',
    kubernetesGroups: ['system:nodes'],
  },
);

export const entryExamples: Readonly<Record<string, Examples>> = {
  'EW-ACC-301': { triggers: entry({}), passes: entry(view) },
  'EW-ACC-302': {
    triggers: entry({}, { kubernetesGroups: ['operator'] }, { rbac: operators }),
    passes: entry({}, { kubernetesGroups: ['operators'] }, { rbac: operators }),
  },
  'EW-ACC-303': { triggers: viewUntil(testTakenAt - day), passes: viewUntil(testTakenAt + day) },
  'EW-ACC-304': {
    triggers: entry(view, {}, { authenticationMode: 'CONFIG_MAP' }),
    passes: entry(view, {}, { authenticationMode: 'API_AND_CONFIG_MAP' }),
  },
  'EW-ACC-305': {
    triggers: entry({ AmazonEKSViewPolicy: ['defualt'] }),
    passes: entry({ AmazonEKSViewPolicy: ['def*'] }),
  },
  'EW-ACC-306': { triggers: entry({ AmazonEKSVeiwPolicy: ['default'] }), passes: entry(view) },
  'EW-ACC-307': {
    triggers: entry({ AmazonEKSEditPolicy: ['default'], AmazonEKSViewPolicy: ['default'] }),
    passes: entry({ AmazonEKSEditPolicy: ['default'], AmazonEKSViewPolicy: ['default', 'kube-system'] }),
  },
  'EW-ACC-308': {
    triggers: entry(view, { kubernetesGroups: ['system:masters'] }),
    passes: entry(view),
  },
  'EW-ACC-311': {
    triggers: { account: { roles: [] }, cluster: { accessEntries: [testEntry(ops, view)] } },
    passes: entry(view),
  },
  'EW-ACC-312': {
    triggers: entry(view, { principalId: 'AROAFORMER' }),
    passes: entry(view, { principalId: 'AROAOPS' }),
  },
  'EW-ACC-313': {
    triggers: {
      account: { users: [testUser('ada')] },
      cluster: { accessEntries: [testEntry(testArn('user/eve'), view, { principalId: 'AIDAADA' })] },
    },
    passes: {
      account: { users: [testUser('ada')] },
      cluster: { accessEntries: [testEntry(testArn('user/ada'), view, { principalId: 'AIDAADA' })] },
    },
  },
  'EW-ACC-314': {
    triggers: {
      account: { roles: [exampleRole('team/ops')] },
      cluster: { accessEntries: [testEntry(ops, view)] },
    },
    passes: entry(view),
  },
  'EW-ACC-401': {
    triggers: entry(view, {}, { awsAuth: mapped(ops), rbac: operators }),
    passes: {
      account: { roles: [exampleRole('ops')] },
      cluster: { awsAuth: mapped(ops), rbac: operators },
    },
  },
  'EW-ACC-402': {
    triggers: entry(view, {}, { authenticationMode: 'API', awsAuth: mapped(ops) }),
    passes: entry(view, {}, { authenticationMode: 'API' }),
  },
  'EW-ACC-403': {
    triggers: { account: { roles: [] }, cluster: { awsAuth: mapped(ops), rbac: operators } },
    passes: {
      account: { roles: [exampleRole('ops')] },
      cluster: { awsAuth: mapped(ops), rbac: operators },
    },
  },
  'EW-ACC-404': {
    triggers: {
      account: { roles: [exampleRole('ops')] },
      cluster: { awsAuth: mapped(ops, ['operator']), rbac: operators },
    },
    passes: {
      account: { roles: [exampleRole('ops')] },
      cluster: { awsAuth: mapped(ops), rbac: operators },
    },
  },
  'EW-ACC-411': {
    triggers: { account: { roles: [nodes] }, cluster: { accessEntries: [testEntry(nodes.arn, view)] } },
    passes: { account: { roles: [nodes] }, cluster: { accessEntries: [nodeEntry] } },
  },
  'EW-ACC-412': {
    triggers: { account: { roles: [nodes] }, cluster: { accessEntries: [] } },
    passes: { account: { roles: [nodes] }, cluster: { accessEntries: [nodeEntry] } },
  },
  'EW-ACC-413': {
    triggers: {
      account: {
        roles: [{ ...nodes, trustPolicy: trust({ Service: 'ec2.amazonaws.com', AWS: testArn('user/ada') }) }],
        users: [testUser('ada')],
      },
      cluster: { accessEntries: [nodeEntry] },
    },
    passes: {
      account: { roles: [nodes], users: [testUser('ada')] },
      cluster: { accessEntries: [nodeEntry] },
    },
  },
};
