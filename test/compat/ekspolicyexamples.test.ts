/**
 * The example policies of EKS's guide (identity-based policies, how EKS works with IAM) and of IAM's for EKS users, in
 * our words with this account's names: what each is said to allow passes, its neighbour does not.
 */
import {
  CreateClusterCommand,
  DeleteClusterCommand,
  DescribeClusterCommand,
  ListClustersCommand,
  UpdateClusterConfigCommand,
} from '@aws-sdk/client-eks';
import {
  CreateAccessKeyCommand,
  CreateServiceLinkedRoleCommand,
  GetPolicyCommand,
  GetRoleCommand,
  GetUserCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsForUserCommand,
  ListRolesCommand,
  ListUserPoliciesCommand,
  ListUsersCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openScene, type Scene } from './scene.ts';
import {
  type Clients,
  createClients,
  createCluster,
  createClusterRole,
  createUser,
  roleArn,
} from './world.ts';

const account = '111122223333';
const clusterArn = (name: string): string => `arn:aws:eks:us-east-1:${account}:cluster/${name}`;
const serviceLinkedRole = `arn:aws:iam::${account}:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS`;

let scene: Scene;

beforeAll(async () => {
  scene = await openScene();
  await createClusterRole(scene.root);
  await scene.role('other');
  for (const name of ['my-cluster', 'neighbour', 'old-cluster']) {
    await createCluster(scene.root, scene.connection, name);
  }
}, 120_000);

afterAll(() => scene?.close());

interface Call {
  readonly text: string;
  /** `self` is the user's own name. */
  send(clients: Clients, self: string): Promise<unknown>;
}

interface Example {
  readonly name: string;
  readonly statements: readonly object[];
  readonly allowed: readonly Call[];
  readonly refused: readonly Call[];
}

const createIt = (name: string, options: { role?: string; tags?: Record<string, string> } = {}): Call => ({
  text: `eks:CreateCluster ${name} ${JSON.stringify(options)}`,
  send: ({ eks }) =>
    eks.send(
      new CreateClusterCommand({
        name,
        roleArn: `arn:aws:iam::${account}:role/${options.role ?? 'cluster'}`,
        resourcesVpcConfig: { subnetIds: ['subnet-1'] },
        ...(options.tags && { tags: options.tags }),
      }),
    ),
});
const describeIt = (name: string): Call => ({
  text: `eks:DescribeCluster ${name}`,
  send: ({ eks }) => eks.send(new DescribeClusterCommand({ name })),
});
const updateIt = (name: string): Call => ({
  text: `eks:UpdateClusterConfig ${name}`,
  send: ({ eks }) =>
    eks.send(new UpdateClusterConfigCommand({ name, accessConfig: { authenticationMode: 'API' } })),
});
const deleteIt = (name: string): Call => ({
  text: `eks:DeleteCluster ${name}`,
  send: ({ eks }) => eks.send(new DeleteClusterCommand({ name })),
});
const listClusters: Call = {
  text: 'eks:ListClusters',
  send: ({ eks }) => eks.send(new ListClustersCommand({})),
};
const serviceLinkedRoleOf = (AWSServiceName: string): Call => ({
  text: `iam:CreateServiceLinkedRole ${AWSServiceName}`,
  send: ({ iam }) => iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName })),
});
const ofUser = (
  text: string,
  send: (clients: Clients, UserName: string) => Promise<unknown>,
  other?: string,
): Call => ({
  text: `iam:${text} ${other ?? 'of oneself'}`,
  send: (clients, self) => send(clients, other ?? self),
});
const getUser = ({ iam }: Clients, UserName: string) => iam.send(new GetUserCommand({ UserName }));
const listPolicies = ({ iam }: Clients, UserName: string) =>
  iam.send(new ListUserPoliciesCommand({ UserName }));

const examples: readonly Example[] = [
  {
    name: 'everything of EKS, roles passed to EKS only (console)',
    statements: [
      { Effect: 'Allow', Action: 'eks:*', Resource: '*' },
      {
        Effect: 'Allow',
        Action: 'iam:PassRole',
        Resource: '*',
        Condition: { StringEquals: { 'iam:PassedToService': 'eks.amazonaws.com' } },
      },
    ],
    allowed: [listClusters, describeIt('my-cluster'), createIt('made-by-console')],
    refused: [
      { text: 'iam:ListRoles', send: ({ iam }) => iam.send(new ListRolesCommand({})) },
      {
        text: 'iam:GetRole',
        send: ({ iam }) => iam.send(new GetRoleCommand({ RoleName: 'cluster' })),
      },
    ],
  },
  {
    name: 'users may look at their own permissions',
    statements: [
      {
        Sid: 'OwnUser',
        Effect: 'Allow',
        Action: [
          'iam:GetUserPolicy',
          'iam:ListGroupsForUser',
          'iam:ListAttachedUserPolicies',
          'iam:ListUserPolicies',
          'iam:GetUser',
        ],
        Resource: [`arn:aws:iam::*:user/$${'{aws:username}'}`],
      },
      {
        Sid: 'AnyPolicy',
        Effect: 'Allow',
        Action: [
          'iam:GetGroupPolicy',
          'iam:GetPolicyVersion',
          'iam:GetPolicy',
          'iam:ListAttachedGroupPolicies',
          'iam:ListGroupPolicies',
          'iam:ListPolicyVersions',
          'iam:ListPolicies',
          'iam:ListUsers',
        ],
        Resource: '*',
      },
    ],
    allowed: [
      ofUser('GetUser', getUser),
      ofUser('ListUserPolicies', listPolicies),
      ofUser('ListGroupsForUser', ({ iam }, UserName) =>
        iam.send(new ListGroupsForUserCommand({ UserName })),
      ),
      ofUser('ListAttachedUserPolicies', ({ iam }, UserName) =>
        iam.send(new ListAttachedUserPoliciesCommand({ UserName })),
      ),
      {
        text: 'iam:GetPolicy of AWS',
        send: ({ iam }) =>
          iam.send(new GetPolicyCommand({ PolicyArn: 'arn:aws:iam::aws:policy/AmazonEKSClusterPolicy' })),
      },
      { text: 'iam:ListUsers', send: ({ iam }) => iam.send(new ListUsersCommand({})) },
    ],
    refused: [
      ofUser('GetUser', getUser, 'caller'),
      ofUser('ListUserPolicies', listPolicies, 'caller'),
      ofUser('CreateAccessKey', ({ iam }, UserName) => iam.send(new CreateAccessKeyCommand({ UserName }))),
      listClusters,
    ],
  },
  {
    name: 'create one cluster, with its service-linked role and one role to pass',
    statements: [
      { Effect: 'Allow', Action: 'eks:CreateCluster', Resource: clusterArn('cloud-cluster') },
      {
        Effect: 'Allow',
        Action: 'iam:CreateServiceLinkedRole',
        Resource: serviceLinkedRole,
        Condition: { 'ForAnyValue:StringEquals': { 'iam:AWSServiceName': 'eks.amazonaws.com' } },
      },
      { Effect: 'Allow', Action: 'iam:PassRole', Resource: `arn:aws:iam::${account}:role/cluster` },
    ],
    allowed: [serviceLinkedRoleOf('eks.amazonaws.com'), createIt('cloud-cluster')],
    refused: [
      createIt('cloud-cluster', { role: 'other' }),
      createIt('elsewhere'),
      serviceLinkedRoleOf('eks-nodegroup.amazonaws.com'),
      describeIt('cloud-cluster'),
    ],
  },
  {
    name: 'update one cluster',
    statements: [{ Effect: 'Allow', Action: 'eks:UpdateClusterConfig', Resource: clusterArn('my-cluster') }],
    allowed: [updateIt('my-cluster')],
    refused: [updateIt('neighbour'), describeIt('my-cluster')],
  },
  {
    name: 'list and describe all clusters',
    statements: [{ Effect: 'Allow', Action: ['eks:DescribeCluster', 'eks:ListClusters'], Resource: '*' }],
    allowed: [listClusters, describeIt('my-cluster'), describeIt('neighbour')],
    refused: [updateIt('my-cluster'), deleteIt('my-cluster')],
  },
  {
    name: 'several clusters of an account by a pattern of names',
    statements: [{ Effect: 'Allow', Action: 'eks:DescribeCluster', Resource: clusterArn('my-*') }],
    allowed: [describeIt('my-cluster')],
    refused: [describeIt('neighbour'), describeIt('old-cluster')],
  },
  {
    name: 'only clusters created with the right tag, and only right tags',
    statements: [
      {
        Effect: 'Allow',
        Action: 'eks:CreateCluster',
        Resource: '*',
        Condition: {
          StringEquals: { 'aws:RequestTag/stage': ['dev', 'test'] },
          'ForAllValues:StringEquals': { 'aws:TagKeys': ['stage'] },
        },
      },
      { Effect: 'Allow', Action: 'eks:TagResource', Resource: '*' },
      { Effect: 'Allow', Action: 'iam:PassRole', Resource: '*' },
    ],
    allowed: [createIt('tagged-dev', { tags: { stage: 'dev' } })],
    refused: [
      createIt('tagged-not'),
      createIt('tagged-prod', { tags: { stage: 'prod' } }),
      createIt('tagged-more', { tags: { stage: 'dev', owner: 'me' } }),
    ],
  },
  {
    name: 'nothing but from one network and one region',
    statements: [
      {
        Effect: 'Allow',
        Action: 'eks:*',
        Resource: '*',
        Condition: {
          IpAddress: { 'aws:SourceIp': ['127.0.0.0/8', '::1'] },
          StringEquals: { 'aws:RequestedRegion': 'us-east-1' },
        },
      },
      {
        Effect: 'Deny',
        Action: 'eks:DeleteCluster',
        Resource: '*',
        Condition: { NotIpAddress: { 'aws:SourceIp': '203.0.113.0/24' } },
      },
    ],
    allowed: [listClusters, describeIt('my-cluster')],
    refused: [deleteIt('my-cluster')],
  },
];

describe.each(examples)('$name', ({ name, statements, allowed, refused }) => {
  const user = name.replaceAll(/[^a-z]+/gi, '-').slice(0, 40);
  let clients: Clients;

  beforeAll(async () => {
    const document = JSON.stringify({ Version: '2012-10-17', Statement: statements });
    clients = createClients(scene.connection, await createUser(scene.root, user, document));
    return () => clients.destroy();
  });

  /** `ok`, or the refusal. */
  const outcome = ({ send }: Call): Promise<string> =>
    send(clients, user).then(
      () => 'ok',
      (error: Error) => `${error.name}: ${error.message}`,
    );

  test.each(refused)('refuses $text', async (call) => {
    expect(await outcome(call)).toMatch(
      /^AccessDenied(Exception)?: User: \S+ is not authorized to perform: .* (because no identity-based policy allows|with an explicit deny in an identity-based policy)/,
    );
  });

  test.each(allowed)('allows $text', async (call) => {
    expect(await outcome(call)).toBe('ok');
  });
});

test('the examples are about this account', () => {
  expect(scene.connection.accountId).toBe(account);
  expect(roleArn(scene.connection, 'cluster')).toBe(`arn:aws:iam::${account}:role/cluster`);
});
