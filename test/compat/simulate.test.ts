/** The policy simulator, asked by the stock SDK and AWS CLI, against what the server then decides. */

import { DescribeClusterCommand, ListClustersCommand } from '@aws-sdk/client-eks';
import {
  CreatePolicyCommand,
  type EvaluationResult,
  GetContextKeysForCustomPolicyCommand,
  GetUserCommand,
  ListUsersCommand,
  PutUserPermissionsBoundaryCommand,
  paginateSimulateCustomPolicy,
  SimulateCustomPolicyCommand,
  type SimulateCustomPolicyRequest,
  type SimulatePolicyResponse,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { awsCliUnavailable } from './clients.ts';
import { openShell } from './process.ts';
import { openScene, type Scene } from './scene.ts';
import { allowAll, type Clients, createCluster, createClusterRole, createUser, outcome } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;

let scene: Scene;
let account: string;

beforeAll(async () => {
  scene = await openScene();
  account = scene.connection.accountId;
  await createClusterRole(scene.root);
  await createCluster(scene.root, scene.connection, 'main', 'API');
}, 60_000);

afterAll(() => scene?.close());

const policy = (...Statement: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement });
const userArn = (name: string): string => `arn:aws:iam::${account}:user/${name}`;
const clusterArn = (name: string): string =>
  `arn:aws:eks:${scene.connection.region}:${account}:cluster/${name}`;

describe('SimulateCustomPolicy', () => {
  const ask = (input: SimulateCustomPolicyRequest) =>
    scene.root.iam.send(new SimulateCustomPolicyCommand(input));
  const custom = async (input: SimulateCustomPolicyRequest): Promise<readonly EvaluationResult[]> =>
    (await ask(input)).EvaluationResults ?? [];

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
    const question = { PolicyInputList: [text], ActionNames: ['eks:AssociateAccessPolicy'] };
    const [without] = await custom(question);
    expect(without).toMatchObject({
      EvalDecision: 'implicitDeny',
      MissingContextValues: ['eks:policyArn', 'eks:namespaces'],
    });
    const into = (namespace: string): SimulateCustomPolicyRequest => ({
      ...question,
      ContextEntries: [
        {
          ContextKeyName: 'eks:policyArn',
          ContextKeyValues: ['arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy'],
          ContextKeyType: 'string',
        },
        {
          ContextKeyName: 'eks:namespaces',
          ContextKeyValues: ['team-a-web', namespace],
          ContextKeyType: 'stringList',
        },
      ],
    });
    expect(await custom(into('team-a-db'))).toMatchObject([{ EvalDecision: 'allowed' }]);
    expect(await custom(into('team-b'))).toMatchObject([{ EvalDecision: 'implicitDeny' }]);
  });

  test('the answer says which statement decided and where it stands', async () => {
    const [result] = await custom({
      PolicyInputList: [allowAll('eks:*')],
      ActionNames: ['eks:ListClusters'],
    });
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
    const question = { PolicyInputList: [allowAll('*')], ActionNames: ['eks:*'] };
    expect(await outcome(ask(question))).toBe('InvalidInputException');
  });

  test('the results come page by page', async () => {
    const ActionNames = Array.from({ length: 7 }, (_, index) => `eks:Action${index}`);
    const pages: (readonly (string | undefined)[])[] = [];
    const question = { PolicyInputList: [allowAll('eks:*')], ActionNames };
    for await (const page of paginateSimulateCustomPolicy(
      { client: scene.root.iam, pageSize: 3 },
      question,
    )) {
      pages.push(page.EvaluationResults?.map(({ EvalActionName }) => EvalActionName) ?? []);
    }
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
    expect(pages.flat()).toEqual(ActionNames);
  });

  test('the keys that policies ask for can be listed', async () => {
    const text = policy({
      Effect: 'Allow',
      Action: 'eks:*',
      Resource: `arn:aws:eks:*:*:cluster/\${aws:username}`,
      Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
    });
    const { ContextKeyNames } = await scene.root.iam.send(
      new GetContextKeysForCustomPolicyCommand({ PolicyInputList: [text] }),
    );
    expect(ContextKeyNames).toEqual(['aws:username', 'aws:MultiFactorAuthPresent']);
  });
});

describe('SimulatePrincipalPolicy', () => {
  test('nobody simulates somebody without permission for that', async () => {
    const keys = await createUser(
      scene.root,
      'curious',
      policy({ Effect: 'Allow', Action: 'iam:SimulatePrincipalPolicy', Resource: userArn('curious') }),
    );
    const { iam } = scene.as(keys);
    const ask = (name: string) =>
      outcome(
        iam.send(
          new SimulatePrincipalPolicyCommand({
            PolicySourceArn: userArn(name),
            ActionNames: ['eks:ListClusters'],
          }),
        ),
      );
    expect(await ask('caller')).toBe('AccessDenied');
    expect(await ask('curious')).toBe('ok');
  });

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
    const clients = scene.as(await createUser(scene.root, name, text()));
    for (const { action, resource, call } of calls(name)) {
      const { EvaluationResults } = await scene.root.iam.send(
        new SimulatePrincipalPolicyCommand({
          PolicySourceArn: userArn(name),
          ActionNames: [action],
          ResourceArns: [resource],
        }),
      );
      const told = EvaluationResults?.[0]?.EvalDecision;
      const ended = (await outcome(call(clients))).replace(/^AccessDenied.*/, 'denied');
      expect(`${action} ${ended}`).toBe(`${action} ${told === 'allowed' ? 'ok' : 'denied'}`);
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

  test('a boundary is part of it', async () => {
    await createUser(scene.root, 'bounded', allowAll('*'));
    const { Policy } = await scene.root.iam.send(
      new CreatePolicyCommand({ PolicyName: 'limit', PolicyDocument: allowAll('iam:*') }),
    );
    await scene.root.iam.send(
      new PutUserPermissionsBoundaryCommand({ UserName: 'bounded', PermissionsBoundary: Policy?.Arn }),
    );
    const { EvaluationResults } = await scene.root.iam.send(
      new SimulatePrincipalPolicyCommand({
        PolicySourceArn: userArn('bounded'),
        ActionNames: ['eks:ListClusters', 'iam:ListUsers'],
      }),
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

test.skipIf(unavailable !== undefined)(
  `the AWS CLI asks what a policy text and what a user’s policies allow${because}`,
  async () => {
    const { awsJson } = openShell(scene.directory, scene.connection, scene.connection);
    const text = policy({
      Effect: 'Allow',
      Action: 'eks:*',
      Resource: '*',
      Condition: { 'ForAnyValue:StringEquals': { 'eks:namespaces': 'team-a-db' } },
    });
    const actions = ['eks:AssociateAccessPolicy', 'eks:ListClusters', 'iam:ListUsers'];
    const custom = await awsJson<SimulatePolicyResponse>(
      ...['iam', 'simulate-custom-policy', '--policy-input-list', text, '--action-names', ...actions],
      ...['--context-entries'],
      'ContextKeyName=eks:namespaces,ContextKeyValues=team-a-web,team-a-db,ContextKeyType=stringList',
      ...['--page-size', '2'],
    );
    expect(custom.EvaluationResults?.map(({ EvalDecision }) => EvalDecision)).toEqual([
      'allowed',
      'allowed',
      'implicitDeny',
    ]);
    const principal = await awsJson<SimulatePolicyResponse>(
      ...['iam', 'simulate-principal-policy', '--policy-source-arn', userArn('caller')],
      ...['--action-names', 'sts:AssumeRole', 'eks:ListClusters'],
    );
    expect(principal.EvaluationResults?.map(({ EvalDecision }) => EvalDecision)).toEqual([
      'allowed',
      'implicitDeny',
    ]);
  },
  60_000,
);
