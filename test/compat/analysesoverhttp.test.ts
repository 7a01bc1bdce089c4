/** The analyses below `/entryway/v1/`, of a real server: who may ask what, and that answers are those of the functions. */

import { CreatePodIdentityAssociationCommand } from '@aws-sdk/client-eks';
import { CreateRoleCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAwsClient } from '../../src/clients/aws.ts';
import type { Snapshot } from '../../src/engine/analysis/snapshot/snapshot.ts';
import { whoCan } from '../../src/engine/analysis/whocan/whocan.ts';
import { explainPod } from '../../src/engine/analysis/workload/explainpod.ts';
import { parseWorkload } from '../../src/engine/analysis/workload/workload.ts';
import { createWorld } from '../../src/engine/analysis/world/world.ts';
import { parseQuestion } from '../../src/wire/kube/question.ts';
import type { Keys } from './process.ts';
import { associate, createEntry, openScene, type Scene } from './scene.ts';
import { createCluster, createUser, outcome, roleArn, rootKeys } from './world.ts';

let scene: Scene;
let own: Call;

type Call = (operation: string, input?: object) => Promise<Answer>;
interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: answers are documents
  readonly answer: any;
  readonly snapshot: Snapshot;
}

function as(credentials: Keys): Call {
  const { awsEndpoint: endpoint, region } = scene.connection;
  const client = createAwsClient({ endpoint, region, credentials });
  return (operation, input = {}) => client.call<Answer>('entryway', operation, { ...input });
}

async function userWith(name: string, ...Statement: readonly object[]): Promise<Call> {
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: Statement.map((statement) => ({ Effect: 'Allow', Resource: '*', ...statement })),
  });
  return as(await createUser(scene.root, name, policy));
}

const clusterArn = (name: string): string =>
  `arn:aws:eks:${scene.connection.region}:${scene.connection.accountId}:cluster/${name}`;
const getObject = { action: 's3:GetObject', resource: 'arn:aws:s3:::reports/today' };
const getPods = { clusterName: 'main', verb: 'get', resource: 'pods', namespace: 'team-a' };

beforeAll(async () => {
  scene = await openScene();
  const { root, connection } = scene;
  own = as(rootKeys(connection));
  await createCluster(root, connection, 'main', 'API');
  await createCluster(root, connection, 'hidden', 'API');
  for (const name of ['dev', 'ops']) await scene.role(name);
  await createEntry(root, 'main', roleArn(connection, 'dev'));
  await associate(root, 'main', roleArn(connection, 'dev'), 'AmazonEKSViewPolicy', 'team-a');
  await createEntry(root, 'hidden', roleArn(connection, 'ops'));
}, 60_000);

afterAll(() => scene?.close());

describe('who may ask', () => {
  test('of one cluster asks of that one alone, and learns nothing of another', async () => {
    const ask = await userWith('one', {
      Action: ['entryway:WhoCan', 'entryway:ExplainRequest', 'entryway:WhatCan'],
      Resource: clusterArn('main'),
    });
    expect(await outcome(ask('WhoCan', getPods))).toBe('ok');
    expect(await outcome(ask('WhoCan', { ...getPods, clusterName: 'hidden' }))).toBe('AwsRefusal');
    await expect(ask('WhoCan', { ...getPods, clusterName: 'hidden' })).rejects.toMatchObject({
      code: 'AccessDeniedException',
    });
    // Nor whether there is one of a name.
    await expect(ask('WhoCan', { ...getPods, clusterName: 'absent' })).rejects.toMatchObject({
      code: 'AccessDeniedException',
    });
    const { answer } = await ask('ExplainRequest', { ...getPods, principal: 'role/ops' });
    expect(answer.allowed).toBe(false);
    expect(JSON.stringify(answer)).not.toContain('hidden');
    for (const [operation, input] of [
      ['WhoCan', { ...getPods, transitive: true }],
      ['LeastPrivilege', { clusterName: 'main', principal: 'role/dev' }],
      ['ExplainAwsRequest', { principal: 'role/dev', action: 'eks:DescribeCluster', resource: '*' }],
      ['ExplainPod', { clusterName: 'main', pod: 'default/default', ...getObject }],
      ['WhoCanCallAws', { ...getObject, clusterName: 'main' }],
      ['WhoCanBecomeRole', { clusterName: 'main', roleArn: roleArn(scene.connection, 'dev') }],
      ...['ExplainLast', 'LintAccess', 'GetSnapshot'].map((name) => [name, {}] as const),
    ] as const) {
      await expect(ask(operation, input)).rejects.toMatchObject({ code: 'AccessDeniedException' });
    }
  });

  test('under a condition on the cluster’s tags asks while they are so', async () => {
    const ask = await userWith('tagged', {
      Action: 'entryway:WhoCan',
      Condition: { StringEquals: { 'aws:ResourceTag/team': 'a' } },
    });
    await expect(ask('WhoCan', getPods)).rejects.toMatchObject({ code: 'AccessDeniedException' });
    const { TagResourceCommand } = await import('@aws-sdk/client-eks');
    await scene.root.eks.send(
      new TagResourceCommand({ resourceArn: clusterArn('main'), tags: { team: 'a' } }),
    );
    expect(await outcome(ask('WhoCan', getPods))).toBe('ok');
  });
});

describe('an answer', () => {
  test('is that of the function, of the snapshot of this moment', async () => {
    const { snapshot } = await own('GetSnapshot');
    const world = createWorld(snapshot);
    const cluster = world.clusters.find(({ cluster: { name } }) => name === 'main');
    if (cluster === undefined) throw new Error('no cluster');
    const expected = whoCan(world, cluster, parseQuestion('get', 'pods', { namespace: 'team-a' }));
    const { answer } = await own('WhoCan', { ...getPods, transitive: true });
    const { canBecome, ...rest } = answer;
    expect(rest).toEqual(JSON.parse(JSON.stringify(expected)));
    expect(canBecome.map(({ key }: { key: string }) => key)).toContain(
      `iam:arn:aws:iam::${scene.connection.accountId}:user/caller`,
    );
    const { answer: what } = await own('WhatCan', {
      ...{ clusterName: 'main', principal: 'role/dev', comparedWith: 'role/ops', closestPolicy: true },
    });
    expect(what).toMatchObject({ comparison: expect.any(Object), closestPolicy: expect.any(Object) });
  });

  test('of what pods may call of AWS is that of the function, of one cluster or of all', async () => {
    const role = roleArn(scene.connection, 'reader');
    await scene.root.iam.send(
      new CreateRoleCommand({
        RoleName: 'reader',
        AssumeRolePolicyDocument: JSON.stringify({
          Version: '2012-10-17',
          Statement: {
            ...{ Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:TagSession'] },
            Principal: { Service: 'pods.eks.amazonaws.com' },
          },
        }),
      }),
    );
    await scene.root.eks.send(
      new CreatePodIdentityAssociationCommand({
        ...{ clusterName: 'main', namespace: 'default', serviceAccount: 'default', roleArn: role },
      }),
    );
    const world = createWorld((await own('GetSnapshot')).snapshot);
    const cluster = world.snapshot.clusters.find(({ name }) => name === 'main');
    if (cluster === undefined) throw new Error('no cluster');
    const workload = parseWorkload(
      'default/default',
      { cluster, snapshot: world.snapshot },
      { isAccount: false },
    );
    const { answer } = await own('ExplainPod', { clusterName: 'main', pod: 'default/default', ...getObject });
    expect(answer).toMatchObject(
      JSON.parse(JSON.stringify(explainPod(world, cluster, workload, { ...getObject, context: {} }))),
    );
    expect(answer.steps.at(-1)).toMatchObject({ step: 'decision', outcome: 'failed' });
    expect((await own('WhoCanCallAws', getObject)).answer.rows).toEqual([]);
    for (const [clusterName, count] of [
      ['main', 1],
      ['hidden', 0],
    ] as const) {
      const { answer: become } = await own('WhoCanBecomeRole', { clusterName, roleArn: role });
      expect(become.rows).toHaveLength(count);
    }
    await expect(
      own('ExplainPod', { clusterName: 'main', pod: 'default/gone', ...getObject }),
    ).rejects.toMatchObject({
      ...{
        code: 'InvalidParameterException',
        message: expect.stringContaining('no pod and no service account'),
      },
    });
  });

  test('tells what a Terraform plan would change, of the cluster that it is for', async () => {
    const type = 'kubernetes_cluster_role_binding_v1';
    const after = {
      metadata: [{ name: 'devs' }],
      role_ref: [{ api_group: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' }],
      subject: [{ api_group: 'rbac.authorization.k8s.io', kind: 'User', name: 'eve' }],
    };
    const change = { actions: ['create'], before: null, after, after_unknown: {} };
    const resource_changes = [{ address: `${type}.devs`, mode: 'managed', type, name: 'devs', change }];
    const plan = { format_version: '1.2', terraform_version: '1.13.4', planned_values: {}, resource_changes };
    // Resources of Kubernetes name no cluster.
    await expect(own('DiffAccess', { plan })).rejects.toMatchObject({
      ...{ code: 'InvalidParameterException', message: expect.stringContaining('`clusterName` over HTTP') },
    });
    const { answer } = await own('DiffAccess', { plan, clusterName: 'hidden' });
    expect(answer.changes).toMatchObject([
      { cluster: { name: 'hidden' }, key: 'User:eve', gained: [expect.any(Object)], lost: [] },
    ]);
  });

  test('is about the moment that was asked for', async () => {
    const blocked = { principal: 'role/dev', ...getPods };
    await own('CreateBlock', {
      target: roleArn(scene.connection, 'dev'),
      until: new Date(Date.now() + 3_600_000),
    });
    try {
      expect((await own('ExplainRequest', blocked)).answer.allowed).toBe(false);
      const at = new Date(Date.now() + 7_200_000);
      expect((await own('ExplainRequest', { ...blocked, at })).answer.allowed).toBe(true);
    } finally {
      await own('DeleteBlock', { target: roleArn(scene.connection, 'dev') });
    }
  });

  test('about the trail knows what was refused, and what was used', async () => {
    const dev = await scene.enter('main', await scene.session('dev'));
    await dev.core.listNamespacedPod({ namespace: 'team-a' });
    await expect(dev.core.listNamespacedSecret({ namespace: 'team-a' })).rejects.toThrow();
    const { answer: last } = await own('ExplainLast', { count: 1, clusters: ['main'] });
    expect(last.refusals).toMatchObject([
      { what: expect.stringContaining('secrets'), now: [{ verdict: 'refused' }] },
    ]);
    const { answer: least } = await own('LeastPrivilege', {
      ...{ clusterName: 'main', principal: 'role/dev', since: new Date(Date.now() - 3_600_000) },
    });
    expect(least.recorded).toBeGreaterThanOrEqual(1);
    expect(JSON.stringify(least.rbac)).toContain('"pods"');
    expect(JSON.stringify(least.rbac)).not.toContain('"secrets"');
    const { answer: lint } = await own('LintAccess', {
      ...{ rules: ['EW-ACC-701'], usageSince: new Date(Date.now() - 3_600_000) },
    });
    // Of a cluster without a record nobody knows whether its requests come here.
    expect(lint.notLookedAt.map(({ clusterArn }: { clusterArn: string }) => clusterArn)).toEqual([
      clusterArn('hidden'),
    ]);
  });
});

describe('a question that is none', () => {
  test.each<readonly [string, string, object]>([
    ['of a wrong type', 'WhoCan', { ...getPods, anyNamespace: 'yes' }],
    ['with a member nobody knows', 'WhoCan', { ...getPods, everywhere: true }],
    ['without what is required', 'WhoCan', { clusterName: 'main', verb: 'get' }],
    ['of a verb that is none', 'WhoCan', { ...getPods, verb: 'GET\u001b[31m' }],
    ['of nobody', 'WhatCan', { clusterName: 'main', principal: '__proto__' }],
    ['of a moment that is none', 'LintAccess', { at: 'now' }],
    ['with a number that is none', 'ExplainLast', { count: 1.5 }],
    [
      'with a snapshot that is none',
      'DiffAccess',
      { after: { format: 'entryway.snapshot/v1', __proto__: 1 } },
    ],
    ['with cases that are none', 'TestAccess', { cases: { length: 1e9 } }],
  ])('%s is refused and said so', async (_name, operation, input) => {
    const { callExtension } = await import('../../src/clients/aws.ts');
    const paths: Readonly<Record<string, string>> = {
      ...{ WhoCan: 'analyses/who-can', WhatCan: 'analyses/what-can', LintAccess: 'analyses/lint' },
      ...{ DiffAccess: 'analyses/diff', TestAccess: 'analyses/test', ExplainLast: 'explain/last' },
    };
    const { awsEndpoint: endpoint, region } = scene.connection;
    const client = { endpoint, region, credentials: rootKeys(scene.connection) };
    const { status, body } = await callExtension(client, `/entryway/v1/${paths[operation]}`, input);
    expect([status, body]).toMatchObject([400, { message: expect.any(String) }]);
    expect(JSON.stringify(body)).not.toContain('\u001b');
  });

  test('of a body that has no end is not read', async () => {
    await expect(own('DiffAccess', { after: 'x'.repeat(2 ** 20) })).rejects.toMatchObject({
      name: 'AwsRefusal',
    });
  });
});
