/** The policy simulator, asked by the stock AWS CLI and SDK, against what the server then decides. */

import { DescribeClusterCommand, ListClustersCommand } from '@aws-sdk/client-eks';
import {
  CreatePolicyCommand,
  type EvaluationResult,
  GetUserCommand,
  ListUsersCommand,
  PutUserPermissionsBoundaryCommand,
  type SimulatePolicyResponse,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import { openShell, type Shell } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import {
  allowAll,
  type Clients,
  createClients,
  createCluster,
  createClusterRole,
  createUser,
} from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;
const withCli = describe.skipIf(unavailable !== undefined);

let scene: Scene;
let admin: Shell;
let account: string;

beforeAll(async () => {
  scene = await openScene();
  account = scene.connection.accountId;
  admin = openShell(scene.directory, scene.connection, scene.connection, {
    withAws: unavailable === undefined,
  });
  await createClusterRole(scene.root);
  await createCluster(scene.root, scene.connection, 'main', 'API');
}, 60_000);

afterAll(() => scene?.close());

const policy = (...Statement: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement });
const userArn = (name: string): string => `arn:aws:iam::${account}:user/${name}`;
const clusterArn = (name: string): string =>
  `arn:aws:eks:${scene.connection.region}:${account}:cluster/${name}`;

const custom = async (...args: readonly string[]): Promise<readonly EvaluationResult[]> => {
  const { EvaluationResults = [] } = await admin.awsJson<SimulatePolicyResponse>(
    'iam',
    'simulate-custom-policy',
    ...args,
  );
  return EvaluationResults;
};

withCli(`aws iam simulate-custom-policy${because}`, () => {
  test('a condition without its key denies and tells what is missing; with the key it allows', async () => {
    const text = policy({
      Effect: 'Allow',
      Action: 'eks:AssociateAccessPolicy',
      Resource: '*',
      Condition: {
        ArnEquals: { 'eks:policyArn': 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy' },
        'ForAllValues:StringLike': { 'eks:namespaces': 'team-a-*' },
        Null: { 'eks:namespaces': 'false' },
      },
    });
    const question = ['--policy-input-list', text, '--action-names', 'eks:AssociateAccessPolicy'];
    const [without] = await custom(...question);
    expect(without).toMatchObject({
      EvalDecision: 'implicitDeny',
      MissingContextValues: ['eks:policyArn', 'eks:namespaces'],
    });
    const entries = (namespace: string): readonly string[] => [
      '--context-entries',
      'ContextKeyName=eks:policyArn,ContextKeyValues=arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy,ContextKeyType=string',
      `ContextKeyName=eks:namespaces,ContextKeyValues=team-a-web,${namespace},ContextKeyType=stringList`,
    ];
    expect(await custom(...question, ...entries('team-a-db'))).toMatchObject([{ EvalDecision: 'allowed' }]);
    expect(await custom(...question, ...entries('team-b'))).toMatchObject([{ EvalDecision: 'implicitDeny' }]);
  });

  test('the answer says which statement decided and where it stands', async () => {
    const [result] = await custom(
      '--policy-input-list',
      allowAll('eks:*'),
      '--action-names',
      'eks:ListClusters',
    );
    expect(result?.MatchedStatements).toEqual([
      {
        SourcePolicyId: 'PolicyInputList.1',
        SourcePolicyType: 'IAM Policy',
        StartPosition: { Line: 1, Column: 38 },
        EndPosition: { Line: 1, Column: 88 },
      },
    ]);
  });

  test('a wildcard for an action is refused', async () => {
    const result = await admin.aws(
      'iam',
      'simulate-custom-policy',
      '--policy-input-list',
      allowAll('*'),
      '--action-names',
      'eks:*',
    );
    expect(result.stderr).toContain('(InvalidInput) when calling the SimulateCustomPolicy operation');
  });

  test('the CLI pages through the results', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `eks:Action${index}`);
    const results = await custom(
      '--policy-input-list',
      allowAll('eks:*'),
      '--action-names',
      ...names,
      '--page-size',
      '3',
    );
    expect(results.map(({ EvalActionName }) => EvalActionName)).toEqual(names);
  });

  test('the keys that policies ask for can be listed', async () => {
    const { ContextKeyNames } = await admin.awsJson<{ ContextKeyNames: string[] }>(
      'iam',
      'get-context-keys-for-custom-policy',
      '--policy-input-list',
      policy({
        Effect: 'Allow',
        Action: 'eks:*',
        Resource: `arn:aws:eks:*:*:cluster/\${aws:username}`,
        Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
      }),
    );
    expect(ContextKeyNames).toEqual(['aws:username', 'aws:MultiFactorAuthPresent']);
  });
});

describe('SimulatePrincipalPolicy', () => {
  test.skipIf(unavailable !== undefined)(
    `nobody simulates somebody without permission for that${because}`,
    async () => {
      const keys = await createUser(
        scene.root,
        'curious',
        policy({ Effect: 'Allow', Action: 'iam:SimulatePrincipalPolicy', Resource: userArn('curious') }),
      );
      const shell = openShell(scene.directory, scene.connection, keys, {
        withAws: unavailable === undefined,
      });
      const ask = (name: string) =>
        shell.aws(
          'iam',
          'simulate-principal-policy',
          '--policy-source-arn',
          userArn(name),
          '--action-names',
          'eks:ListClusters',
        );
      expect(await ask('curious')).toMatchObject({ code: 0 });
      const refused = await ask('caller');
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('AccessDenied');
    },
  );

  const policies: readonly (readonly [string, () => string])[] = [
    ['nothing', () => policy({ Effect: 'Allow', Action: 's3:*', Resource: '*' })],
    ['everything', () => allowAll('*')],
    ['one-cluster', () => allowAll('eks:*', clusterArn('main'))],
    ['another-cluster', () => allowAll('eks:*', clusterArn('other'))],
    [
      'own-user',
      () => policy({ Effect: 'Allow', Action: 'iam:*', Resource: `arn:aws:iam::*:user/\${aws:username}` }),
    ],
    [
      'denied',
      () =>
        policy(
          { Effect: 'Allow', Action: '*', Resource: '*' },
          { Effect: 'Deny', Action: 'eks:Describe*', Resource: '*' },
        ),
    ],
    [
      'by-tag',
      () =>
        policy({
          Effect: 'Allow',
          Action: '*',
          Resource: '*',
          Condition: { StringEquals: { 'aws:PrincipalTag/team': 'a' } },
        }),
    ],
    ['all-but-iam', () => policy({ Effect: 'Allow', NotAction: 'iam:*', Resource: '*' })],
  ];

  test.each(policies)('what it says of a user with %s is what the server does', async (name, text) => {
    const keys = await createUser(scene.root, name, text());
    const clients = createClients(scene.connection, keys);
    try {
      for (const { action, resource, call } of calls(name)) {
        const { EvaluationResults } = await scene.root.iam.send(
          new SimulatePrincipalPolicyCommand({
            PolicySourceArn: userArn(name),
            ActionNames: [action],
            ResourceArns: [resource],
          }),
        );
        const told = EvaluationResults?.[0]?.EvalDecision;
        expect(`${action} ${await outcomeOf(call(clients))}`).toBe(
          `${action} ${told === 'allowed' ? 'allowed' : 'denied'}`,
        );
      }
    } finally {
      clients.destroy();
    }
  });

  interface Call {
    readonly action: string;
    readonly resource: string;
    readonly call: (clients: Clients) => Promise<unknown>;
  }

  const calls = (name: string): readonly Call[] => [
    { action: 'eks:ListClusters', resource: '*', call: ({ eks }) => eks.send(new ListClustersCommand({})) },
    {
      action: 'eks:DescribeCluster',
      resource: clusterArn('main'),
      call: ({ eks }) => eks.send(new DescribeClusterCommand({ name: 'main' })),
    },
    { action: 'iam:ListUsers', resource: '*', call: ({ iam }) => iam.send(new ListUsersCommand({})) },
    {
      action: 'iam:GetUser',
      resource: userArn(name),
      call: ({ iam }) => iam.send(new GetUserCommand({ UserName: name })),
    },
    {
      action: 'iam:GetUser',
      resource: userArn('caller'),
      call: ({ iam }) => iam.send(new GetUserCommand({ UserName: 'caller' })),
    },
  ];

  const outcomeOf = async (call: Promise<unknown>): Promise<string> => {
    try {
      await call;
      return 'allowed';
    } catch (error) {
      const { name } = error as Error;
      return /^AccessDenied/.test(name) ? 'denied' : name;
    }
  };

  test.skipIf(unavailable !== undefined)(`a boundary is part of it${because}`, async () => {
    await createUser(scene.root, 'bounded', allowAll('*'));
    const { Policy } = await scene.root.iam.send(
      new CreatePolicyCommand({ PolicyName: 'limit', PolicyDocument: allowAll('iam:*') }),
    );
    await scene.root.iam.send(
      new PutUserPermissionsBoundaryCommand({ UserName: 'bounded', PermissionsBoundary: Policy?.Arn }),
    );
    const { EvaluationResults } = await admin.awsJson<SimulatePolicyResponse>(
      'iam',
      'simulate-principal-policy',
      '--policy-source-arn',
      userArn('bounded'),
      '--action-names',
      'eks:ListClusters',
      'iam:ListUsers',
    );
    expect(EvaluationResults).toMatchObject([
      {
        EvalDecision: 'implicitDeny',
        PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
      },
      { EvalDecision: 'allowed', PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: true } },
    ]);
  });
});
