import { describe, expect, test } from 'vitest';
import { policyKey } from '../../../storage/records/keys.ts';
import { account, allowAll, createWorld, type World } from '../testworld.ts';

type PolicyAnswer = { Policy: { Arn: string; PolicyId: string; AttachmentCount: number } };

const admin = 'arn:aws:iam::aws:policy/AdministratorAccess';
const arnOf = (name: string): string => `arn:aws:iam::${account}:policy/${name}`;

async function createPolicy(world: World, name: string, path = '/'): Promise<string> {
  const { Policy } = await world.call<PolicyAnswer>('CreatePolicy', {
    PolicyName: name,
    Path: path,
    PolicyDocument: allowAll,
  });
  return Policy.Arn;
}

describe('attachments', () => {
  const countOf = async (world: World, PolicyArn: string): Promise<number> =>
    (await world.call<PolicyAnswer>('GetPolicy', { PolicyArn })).Policy.AttachmentCount;

  test('the count of a policy follows every attach and detach, and attaching twice is once', async () => {
    const world = await createWorld();
    await world.user('ada');
    await world.role('ops');
    const read = await createPolicy(world, 'read');
    for (const arn of [read, admin]) {
      await world.call('AttachUserPolicy', { UserName: 'ADA', PolicyArn: arn });
      await world.call('AttachUserPolicy', { UserName: 'ada', PolicyArn: arn });
      await world.call('AttachRolePolicy', { RoleName: 'ops', PolicyArn: arn });
      expect(await countOf(world, arn)).toBe(2);
      await world.call('DetachUserPolicy', { UserName: 'ada', PolicyArn: arn });
      expect(await countOf(world, arn)).toBe(1);
    }
    const { AttachedPolicies } = await world.call<{ AttachedPolicies: object[] }>(
      'ListAttachedRolePolicies',
      { RoleName: 'ops' },
    );
    expect(AttachedPolicies).toEqual([
      { PolicyName: 'AdministratorAccess', PolicyArn: admin },
      { PolicyName: 'read', PolicyArn: read },
    ]);
  });

  test('an attached policy is not deleted, a detached one is', async () => {
    const world = await createWorld();
    await world.user('ada');
    const read = await createPolicy(world, 'read');
    await world.call('AttachUserPolicy', { UserName: 'ada', PolicyArn: read });
    await expect(world.call('DeletePolicy', { PolicyArn: read })).rejects.toMatchObject({
      code: 'DeleteConflictException',
      message: 'Cannot delete a policy attached to entities.',
    });
    await world.call('DetachUserPolicy', { UserName: 'ada', PolicyArn: read });
    await world.call('DeletePolicy', { PolicyArn: read });
    expect(await world.storage.get(policyKey(account, 'read'))).toBeUndefined();
  });

  test('racing an attach with the deletion of the policy leaves no user with a policy that is gone', async () => {
    for (const attachFirst of [true, false]) {
      const world = await createWorld();
      await world.user('ada');
      const PolicyArn = await createPolicy(world, 'read');
      const calls = [
        () => world.call('AttachUserPolicy', { UserName: 'ada', PolicyArn }),
        () => world.call('DeletePolicy', { PolicyArn }),
      ];
      const results = await Promise.allSettled((attachFirst ? calls : calls.reverse()).map((call) => call()));
      expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
      const exists = (await world.storage.get(policyKey(account, 'read'))) !== undefined;
      const { AttachedPolicies } = await world.call<{ AttachedPolicies: object[] }>(
        'ListAttachedUserPolicies',
        { UserName: 'ada' },
      );
      expect(AttachedPolicies.length).toBe(exists ? 1 : 0);
    }
  });

  test('twenty users attach one policy at once and all are counted', async () => {
    const world = await createWorld();
    const PolicyArn = await createPolicy(world, 'read');
    const names = Array.from({ length: 20 }, (_, index) => `u${index}`);
    for (const name of names) await world.user(name);
    await Promise.all(names.map((UserName) => world.call('AttachUserPolicy', { UserName, PolicyArn })));
    expect(await countOf(world, PolicyArn)).toBe(20);
  });

  test('attached policies come in pages, those of one name from two owners apart', async () => {
    const world = await createWorld();
    await world.user('ada');
    const own = await createPolicy(world, 'AdministratorAccess', '/team/');
    for (const PolicyArn of [own, admin, await createPolicy(world, 'b')]) {
      await world.call('AttachUserPolicy', { UserName: 'ada', PolicyArn });
    }
    const seen: string[] = [];
    let marker: string | undefined;
    do {
      const page: { AttachedPolicies: { PolicyArn: string }[]; Marker?: string } = await world.call(
        'ListAttachedUserPolicies',
        { UserName: 'ada', MaxItems: 1, ...(marker === undefined ? {} : { Marker: marker }) },
      );
      seen.push(...page.AttachedPolicies.map(({ PolicyArn }) => PolicyArn));
      marker = page.Marker;
    } while (marker !== undefined);
    expect(seen.sort()).toEqual([admin, own, arnOf('b')].sort());
    const filtered = await world.call('ListAttachedUserPolicies', { UserName: 'ada', PathPrefix: '/team/' });
    expect(filtered).toMatchObject({ AttachedPolicies: [{ PolicyArn: own }], IsTruncated: false });
  });
});

describe('inline policies', () => {
  test.each([
    ['User', 'ada'],
    ['Role', 'ops'],
  ])('are put, replaced, read, listed and deleted for a %s', async (word, name) => {
    const world = await createWorld();
    await world.user('ada');
    await world.role('ops');
    const who = { [`${word}Name`]: name };
    const deny = allowAll.replace('Allow', 'Deny');
    await world.call(`Put${word}Policy`, { ...who, PolicyName: '__proto__', PolicyDocument: allowAll });
    await world.call(`Put${word}Policy`, { ...who, PolicyName: 'a', PolicyDocument: allowAll });
    await world.call(`Put${word}Policy`, { ...who, PolicyName: 'a', PolicyDocument: deny });
    const read = await world.call<{ PolicyDocument: string }>(`Get${word}Policy`, {
      ...who,
      PolicyName: 'a',
    });
    expect(read).toMatchObject({ ...who, PolicyName: 'a' });
    expect(decodeURIComponent(read.PolicyDocument)).toBe(deny);
    expect(await world.call(`List${word}Policies`, who)).toEqual({
      PolicyNames: ['__proto__', 'a'],
      IsTruncated: false,
    });
    await world.call(`Delete${word}Policy`, { ...who, PolicyName: '__proto__' });
    expect(await world.call(`List${word}Policies`, who)).toEqual({ PolicyNames: ['a'], IsTruncated: false });
  });
});
