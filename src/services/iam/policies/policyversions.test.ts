import { describe, expect, test } from 'vitest';
import { account, allowAll, createWorld, documentOfSize, type World } from '../testworld.ts';

const PolicyArn = `arn:aws:iam::${account}:policy/read`;
const admin = 'arn:aws:iam::aws:policy/AdministratorAccess';

type Version = { VersionId: string; IsDefaultVersion: boolean };
type VersionAnswer = { PolicyVersion: Version };
type VersionList = { Versions: Version[] };
type PolicyAnswer = { Policy: { DefaultVersionId: string; UpdateDate: Date } };

async function worldWithPolicy(): Promise<World> {
  const world = await createWorld();
  await world.call('CreatePolicy', { PolicyName: 'read', PolicyDocument: allowAll });
  return world;
}

const add = (world: World, more: object = {}) =>
  world.call<VersionAnswer>('CreatePolicyVersion', { PolicyArn, PolicyDocument: allowAll, ...more });

async function versionIds(world: World): Promise<string[]> {
  const { Versions } = await world.call<VersionList>('ListPolicyVersions', { PolicyArn });
  return Versions.map(({ VersionId, IsDefaultVersion }) => (IsDefaultVersion ? `*${VersionId}` : VersionId));
}

describe('refusals', () => {
  const cases: readonly [what: string, operation: string, input: object, code: string, message: string][] = [
    [
      'a new version of a policy nobody made',
      'CreatePolicyVersion',
      { PolicyArn: `${PolicyArn}er`, PolicyDocument: allowAll },
      'NoSuchEntityException',
      `Policy ${PolicyArn}er was not found.`,
    ],
    [
      "a new version of AWS's policy",
      'CreatePolicyVersion',
      { PolicyArn: admin, PolicyDocument: allowAll },
      'AccessDenied',
      `User: arn:aws:iam::${account}:root is not authorized to perform: iam:CreatePolicyVersion on resource: policy ${admin}`,
    ],
    [
      "another default of AWS's policy",
      'SetDefaultPolicyVersion',
      { PolicyArn: admin, VersionId: 'v1' },
      'AccessDenied',
      `User: arn:aws:iam::${account}:root is not authorized to perform: iam:SetDefaultPolicyVersion on resource: policy ${admin}`,
    ],
    [
      'a document that is none',
      'CreatePolicyVersion',
      { PolicyArn, PolicyDocument: '{}' },
      'MalformedPolicyDocumentException',
      'Syntax errors in policy.',
    ],
    [
      'a document of 6,145 characters',
      'CreatePolicyVersion',
      { PolicyArn, PolicyDocument: documentOfSize(6145) },
      'LimitExceededException',
      'Cannot exceed quota for PolicySize: 6144',
    ],
    [
      'a default that does not exist',
      'SetDefaultPolicyVersion',
      { PolicyArn, VersionId: 'v2' },
      'NoSuchEntityException',
      `Policy ${PolicyArn} version v2 does not exist or is not attachable.`,
    ],
    [
      'a version that is no number',
      'SetDefaultPolicyVersion',
      { PolicyArn, VersionId: 'v0' },
      'ValidationError',
      "1 validation error detected: Value 'v0' at 'versionId' failed to satisfy constraint: Member must satisfy regular expression pattern: v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?",
    ],
    [
      'deleting the default version',
      'DeletePolicyVersion',
      { PolicyArn, VersionId: 'v1' },
      'DeleteConflictException',
      'Cannot delete the default version of a policy.',
    ],
    [
      'deleting a version that does not exist',
      'DeletePolicyVersion',
      { PolicyArn, VersionId: 'v7' },
      'NoSuchEntityException',
      `Policy ${PolicyArn} version v7 does not exist or is not attachable.`,
    ],
  ];
  test.each(cases)('%s is refused', async (_, operation, input, code, message) => {
    const world = await worldWithPolicy();
    await expect(world.call(operation, input)).rejects.toMatchObject({ code, message });
    expect(await versionIds(world)).toEqual(['*v1']);
  });

  test('a sixth version is refused, also when twenty are made at once', async () => {
    const world = await worldWithPolicy();
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => add(world)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    await expect(add(world)).rejects.toMatchObject({
      code: 'LimitExceededException',
      message:
        'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
    });
    expect(await versionIds(world)).toEqual(['v5', 'v4', 'v3', 'v2', '*v1']);
  });

  test('a policy of two versions is not deleted', async () => {
    const world = await worldWithPolicy();
    await add(world);
    await expect(world.call('DeletePolicy', { PolicyArn })).rejects.toMatchObject({
      code: 'DeleteConflictException',
    });
  });

  test('a version made default while it is deleted is there, or is not the default', async () => {
    const world = await worldWithPolicy();
    await add(world);
    const results = await Promise.allSettled([
      world.call('DeletePolicyVersion', { PolicyArn, VersionId: 'v2' }),
      world.call('SetDefaultPolicyVersion', { PolicyArn, VersionId: 'v2' }),
    ]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(['*v1', 'v2,*v1', '*v2,v1']).toContain((await versionIds(world)).join());
  });
});

test('versions follow one another, the default moves, and no number comes back', async () => {
  const world = await worldWithPolicy();
  expect(await add(world)).toEqual({
    PolicyVersion: { VersionId: 'v2', IsDefaultVersion: false, CreateDate: expect.any(Date) },
  });
  const third = await add(world, { SetAsDefault: true });
  expect(third.PolicyVersion).toMatchObject({ VersionId: 'v3', IsDefaultVersion: true });
  expect(await versionIds(world)).toEqual(['*v3', 'v2', 'v1']);
  await world.call('SetDefaultPolicyVersion', { PolicyArn, VersionId: 'v1' });
  for (const VersionId of ['v2', 'v3']) await world.call('DeletePolicyVersion', { PolicyArn, VersionId });
  expect(await versionIds(world)).toEqual(['*v1']);
  expect((await add(world)).PolicyVersion.VersionId).toBe('v4');
  const { Policy } = await world.call<PolicyAnswer>('GetPolicy', { PolicyArn });
  expect(Policy.DefaultVersionId).toBe('v1');
});
