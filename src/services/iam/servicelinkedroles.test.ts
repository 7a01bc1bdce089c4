import { describe, expect, test } from 'vitest';
import { clusterKey } from '../../storage/records/keys.ts';
import { account, allowAll, createWorld, start, trustOf } from './testworld.ts';

const day = 24 * 60 * 60 * 1000;
const name = 'AWSServiceRoleForAmazonEKS';
const service = { AWSServiceName: 'eks.amazonaws.com' };
const arn = `arn:aws:iam::${account}:role/aws-service-role/eks.amazonaws.com/${name}`;

async function createLinkedWorld() {
  const clock = { now: start };
  const world = await createWorld({ now: () => clock.now });
  await world.call('CreateServiceLinkedRole', service);
  const remove = async (RoleName = name) =>
    (await world.call<{ DeletionTaskId: string }>('DeleteServiceLinkedRole', { RoleName })).DeletionTaskId;
  const status = (DeletionTaskId: string) =>
    world.call('GetServiceLinkedRoleDeletionStatus', { DeletionTaskId });
  return { ...world, clock, remove, status };
}

describe('refusals', () => {
  const taken = `Service role name ${name} has been taken in this account, please try a different suffix.`;
  test.each([
    ['a service without such roles', { AWSServiceName: 'ops.example.com' }, 'InvalidInputException'],
    ['a service in another case', { AWSServiceName: 'EKS.amazonaws.com' }, 'InvalidInputException'],
    ['a suffix', { AWSServiceName: 'eks-fargate.amazonaws.com', CustomSuffix: 'a' }, 'InvalidInputException'],
    ['a second one', service, 'InvalidInputException'],
    ['no service', {}, 'ValidationError'],
    ['a name that is none', { AWSServiceName: '../eks' }, 'ValidationError'],
  ])('%s', async (what, input, code) => {
    const world = await createLinkedWorld();
    await expect(world.call('CreateServiceLinkedRole', input)).rejects.toMatchObject({
      code,
      ...(what === 'a second one' ? { message: taken } : {}),
    });
  });

  test('of two racing creations one is refused', async () => {
    const world = await createWorld();
    const results = await Promise.allSettled(
      [1, 2].map(() => world.call('CreateServiceLinkedRole', service)),
    );
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('an ordinary role of the name is not taken over', async () => {
    const world = await createWorld();
    await world.role(name.toLowerCase());
    await expect(world.call('CreateServiceLinkedRole', service)).rejects.toMatchObject({
      code: 'InvalidInputException',
    });
  });

  test('an ordinary role is not deleted this way', async () => {
    const world = await createLinkedWorld();
    await world.role('ops');
    await expect(world.remove('ops')).rejects.toMatchObject({ code: 'NoSuchEntityException' });
    await expect(world.remove('gone')).rejects.toMatchObject({ code: 'NoSuchEntityException' });
    await world.call('GetRole', { RoleName: 'ops' });
  });

  test.each([
    ['DeleteRole', {}],
    ['UpdateRole', { MaxSessionDuration: 7200 }],
    ['UpdateAssumeRolePolicy', { PolicyDocument: trustOf({ AWS: '*' }) }],
    ['AttachRolePolicy', { PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }],
    [
      'DetachRolePolicy',
      { PolicyArn: 'arn:aws:iam::aws:policy/aws-service-role/AmazonEKSServiceRolePolicy' },
    ],
    ['PutRolePolicy', { PolicyName: 'p', PolicyDocument: allowAll }],
    ['PutRolePermissionsBoundary', { PermissionsBoundary: 'arn:aws:iam::aws:policy/AdministratorAccess' }],
  ])('%s does not change it', async (operation, input) => {
    const world = await createLinkedWorld();
    await expect(world.call(operation, { RoleName: name, ...input })).rejects.toMatchObject({
      code: 'UnmodifiableEntityException',
      message: `Cannot perform the operation on the protected role '${name}' - this role is only modifiable by AWS`,
    });
  });

  test('a task of nobody, and one of another account, is not found', async () => {
    const world = await createLinkedWorld();
    const task = await world.remove();
    await expect(world.status(`${task}0`)).rejects.toMatchObject({ code: 'NoSuchEntityException' });
    const foreign = { ...(await world.user('ada')), accountId: '444455556666' };
    await expect(
      world.call('GetServiceLinkedRoleDeletionStatus', { DeletionTaskId: task }, foreign),
    ).rejects.toMatchObject({ code: 'NoSuchEntityException' });
  });
});

test.each([
  ['eks.amazonaws.com', name, 'AmazonEKSServiceRolePolicy'],
  [
    'eks-nodegroup.amazonaws.com',
    'AWSServiceRoleForAmazonEKSNodegroup',
    'AWSServiceRoleForAmazonEKSNodegroup',
  ],
  [
    'eks-fargate.amazonaws.com',
    'AWSServiceRoleForAmazonEKSForFargate',
    'AmazonEKSForFargateServiceRolePolicy',
  ],
  [
    'eks-connector.amazonaws.com',
    'AWSServiceRoleForAmazonEKSConnector',
    'AmazonEKSConnectorServiceRolePolicy',
  ],
  [
    'dashboard.eks.amazonaws.com',
    'AWSServiceRoleForAmazonEKSDashboard',
    'AmazonEKSDashboardServiceRolePolicy',
  ],
  [
    'outposts.eks-local.amazonaws.com',
    'AWSServiceRoleForAmazonEKSLocalOutpost',
    'AmazonEKSLocalOutpostServiceRolePolicy',
  ],
])('the role of %s is %s with %s', async (AWSServiceName, RoleName, policy) => {
  const world = await createWorld();
  const shown = {
    Path: `/aws-service-role/${AWSServiceName}/`,
    RoleName,
    RoleId: expect.stringMatching(/^AROA/),
    Arn: `arn:aws:iam::${account}:role/aws-service-role/${AWSServiceName}/${RoleName}`,
    CreateDate: new Date(start),
    AssumeRolePolicyDocument: encodeURIComponent(
      `{"Version":"2012-10-17","Statement":[{"Action":["sts:AssumeRole"],"Effect":"Allow","Principal":{"Service":["${AWSServiceName}"]}}]}`,
    ),
  };
  expect(await world.call('CreateServiceLinkedRole', { AWSServiceName })).toEqual({ Role: shown });
  expect(await world.call('GetRole', { RoleName })).toMatchObject({
    Role: { ...shown, MaxSessionDuration: 3600 },
  });
  expect(await world.call('ListAttachedRolePolicies', { RoleName })).toMatchObject({
    AttachedPolicies: [
      { PolicyName: policy, PolicyArn: `arn:aws:iam::aws:policy/aws-service-role/${policy}` },
    ],
  });
});

test('the description is what the caller says, else what IAM says', async () => {
  const world = await createLinkedWorld();
  const describe = async (RoleName: string) =>
    (await world.call<{ Role: { Description?: string } }>('GetRole', { RoleName })).Role.Description;
  expect(await describe(name)).toBe('Allows Amazon EKS to call AWS services on your behalf.');
  await world.remove();
  await world.call('CreateServiceLinkedRole', { ...service, Description: 'ours' });
  expect(await describe(name)).toBe('ours');
});

test('a role that is deleted is gone at once, and can be made again', async () => {
  const world = await createLinkedWorld();
  const task = await world.remove();
  expect(task).toMatch(
    /^task\/aws-service-role\/eks\.amazonaws\.com\/AWSServiceRoleForAmazonEKS\/[0-9a-f-]{36}$/,
  );
  expect(await world.status(task)).toEqual({ Status: 'SUCCEEDED' });
  await expect(world.call('GetRole', { RoleName: name })).rejects.toMatchObject({
    code: 'NoSuchEntityException',
  });
  expect((await world.storage.list({ prefix: 'principal-id/' })).entries).toEqual([]);
  await world.call('CreateServiceLinkedRole', service);
});

test('the role of EKS stays while there are clusters', async () => {
  const world = await createLinkedWorld();
  for (const region of ['eu-west-1', 'us-east-1']) {
    const cluster = { region, arn: `arn:aws:eks:${region}:${account}:cluster/prod` };
    const key = clusterKey(account, region, 'prod');
    await world.storage.commit({ changes: [{ type: 'put', key, value: JSON.stringify(cluster) }] });
  }
  expect(await world.status(await world.remove())).toEqual({
    Status: 'FAILED',
    Reason: {
      Reason: 'the role is in use by the resources listed; delete them first',
      RoleUsageList: ['eu-west-1', 'us-east-1'].map((Region) => ({
        Region,
        Resources: [`arn:aws:eks:${Region}:${account}:cluster/prod`],
      })),
    },
  });
  await world.call('GetRole', { RoleName: name });
  await world.call('CreateServiceLinkedRole', { AWSServiceName: 'eks-nodegroup.amazonaws.com' });
  const task = await world.remove('AWSServiceRoleForAmazonEKSNodegroup');
  expect(await world.status(task)).toEqual({ Status: 'SUCCEEDED' });
});

test('the role of EKS does not stay for connected clusters', async () => {
  const world = await createLinkedWorld();
  const key = clusterKey(account, 'eu-west-1', 'edge');
  const value = JSON.stringify({ region: 'eu-west-1', kind: 'connected' });
  await world.storage.commit({ changes: [{ type: 'put', key, value }] });
  expect(await world.status(await world.remove())).toEqual({ Status: 'SUCCEEDED' });
});

test('how a deletion ended is forgotten after a day', async () => {
  const world = await createLinkedWorld();
  const first = await world.remove();
  await world.call('CreateServiceLinkedRole', service);
  world.clock.now += day + 1;
  const second = await world.remove();
  expect(await world.status(second)).toEqual({ Status: 'SUCCEEDED' });
  await expect(world.status(first)).rejects.toMatchObject({ code: 'NoSuchEntityException' });
});

test('each operation is judged on the role, the creation with its service', async () => {
  const world = await createLinkedWorld();
  expect(await world.target('CreateServiceLinkedRole', service)).toEqual({
    action: 'iam:CreateServiceLinkedRole',
    resources: [arn],
    context: new Map([['iam:awsservicename', 'eks.amazonaws.com']]),
  });
  expect(await world.target('CreateServiceLinkedRole', { AWSServiceName: 'ops.example.com' })).toMatchObject({
    resources: [`arn:aws:iam::${account}:role/aws-service-role/ops.example.com/`],
  });
  expect(await world.target('DeleteServiceLinkedRole', { RoleName: name })).toMatchObject({
    action: 'iam:DeleteServiceLinkedRole',
    resources: [arn],
  });
  const DeletionTaskId = await world.remove();
  expect(await world.target('GetServiceLinkedRoleDeletionStatus', { DeletionTaskId })).toEqual({
    action: 'iam:GetServiceLinkedRoleDeletionStatus',
    resources: [arn],
  });
  for (const other of ['', 'task', 'task/aws-service-role/a/b', 'task/aws-service-role/a/b/c/d']) {
    expect(await world.target('GetServiceLinkedRoleDeletionStatus', { DeletionTaskId: other })).toMatchObject(
      {
        resources: ['*'],
      },
    );
  }
});
