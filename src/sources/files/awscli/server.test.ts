import { expect, test } from 'vitest';
import type { Snapshot } from '../../../engine/analysis/snapshot/snapshot.ts';
import { account, createWorld as createEksWorld } from '../../../services/eks/testworld.ts';
import { createWorld as createIamWorld, trustOf } from '../../../services/iam/testworld.ts';
import { snapshotOfStore } from '../../store/store.ts';
import { readTexts } from '../testworld.ts';

const view = 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy';
const allow = (action: string): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }] });

test("a server's answers, saved as the AWS CLI prints them, are its own snapshot but for what EKS does not tell", async () => {
  const eks = await createEksWorld();
  const { storage } = eks;
  const iam = await createIamWorld({ storage });
  await iam.call('CreateUser', { UserName: 'ada', Path: '/team/', Tags: [{ Key: 'team', Value: 'dev' }] });
  await iam.call('PutUserPolicy', {
    UserName: 'ada',
    PolicyName: 'own',
    PolicyDocument: allow('eks:ListClusters'),
  });
  await iam.call('CreateGroup', { GroupName: 'devs' });
  await iam.call('AddUserToGroup', { UserName: 'ada', GroupName: 'devs' });
  const trust = trustOf({ AWS: `arn:aws:iam::${account}:user/team/ada` });
  await iam.call('CreateRole', { RoleName: 'ops', Path: '/team/', AssumeRolePolicyDocument: trust });
  const { Policy } = await iam.call<{ Policy: { Arn: string } }>('CreatePolicy', {
    PolicyName: 'look',
    PolicyDocument: allow('eks:Describe*'),
  });
  await iam.call('AttachRolePolicy', { RoleName: 'ops', PolicyArn: Policy.Arn });

  const ops = `arn:aws:iam::${account}:role/team/ops`;
  const ada = `arn:aws:iam::${account}:user/team/ada`;
  const name = 'prod';
  await eks.call('CreateCluster', {
    ...{
      name,
      roleArn: `arn:aws:iam::${account}:role/cluster`,
      resourcesVpcConfig: { subnetIds: ['subnet-1'] },
    },
    accessConfig: { authenticationMode: 'API', bootstrapClusterCreatorAdminPermissions: false },
  });
  const entry = { clusterName: name, principalArn: ops };
  await eks.call('CreateAccessEntry', { ...entry, kubernetesGroups: ['ops'], tags: { why: 'work' } });
  await eks.call('CreateAccessEntry', { clusterName: name, principalArn: ada, username: 'ada' });
  const accessScope = { type: 'namespace', namespaces: ['dev-*'] };
  await eks.call('AssociateAccessPolicy', { ...entry, policyArn: view, accessScope });

  const answers: Readonly<Record<string, unknown>> = {
    'account.json': await iam.call('GetAccountAuthorizationDetails', {}),
    'cluster.json': await eks.call('DescribeCluster', { name }),
    'entries.json': await eks.call('ListAccessEntries', { clusterName: name }),
    'ops.json': await eks.call('DescribeAccessEntry', entry),
    'ops-policies.json': await eks.call('ListAssociatedAccessPolicies', entry),
    'ada.json': await eks.call('DescribeAccessEntry', { clusterName: name, principalArn: ada }),
    'ada-policies.json': await eks.call('ListAssociatedAccessPolicies', {
      clusterName: name,
      principalArn: ada,
    }),
  };
  const read = await readTexts(
    Object.fromEntries(Object.entries(answers).map(([file, answer]) => [file, JSON.stringify(answer)])),
  );
  const served = await snapshotOfStore({
    ...{ storage, partition: 'aws', now: 0, accounts: [account], ssoRoleMatch: false },
    awsAuthState: () => undefined,
    notFollowed: () => undefined,
    awsManagedPolicy: () => undefined,
    lastUsed: async () => undefined,
  });

  expect(readable(read)).toEqual(readable(served));
  expect(read.gaps.map(({ area }) => area)).toEqual(['rbac']);
});

/**
 * A snapshot without what these answers do not tell (unique ids of entries and trusts, keys, RBAC), and without when a policy
 * was associated, which a server's own snapshot leaves out.
 */
function readable({ accounts, clusters }: Snapshot): unknown {
  const byArn = <Item extends { readonly arn: string }>(items: readonly Item[]): readonly Item[] =>
    [...items].sort((one, other) => (one.arn < other.arn ? -1 : 1));
  return {
    accounts: accounts.map(({ users, roles, groups, managedPolicies }) => ({
      users: byArn(users).map(({ accessKeys: _, mfaDevices: __, hasPassword: ___, ...user }) => user),
      roles: byArn(roles).map(({ trustedPrincipalIds: _, trustPolicy, ...role }) => ({
        ...role,
        trustPolicy: JSON.parse(trustPolicy) as unknown,
      })),
      groups: byArn(groups),
      managedPolicies: byArn(managedPolicies),
    })),
    clusters: clusters.map(
      ({ accessEntries, arn, name, region, version, createdAt, authenticationMode }) => ({
        ...{ arn, name, region, version, createdAt, authenticationMode },
        accessEntries: [...accessEntries]
          .sort((one, other) => (one.principalArn < other.principalArn ? -1 : 1))
          .map(({ principalId: _, associatedPolicies, ...entry }) => ({
            ...entry,
            associatedPolicies: associatedPolicies.map(({ associatedAt: __, ...policy }) => policy),
          })),
      }),
    ),
  };
}
