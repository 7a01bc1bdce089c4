import type { PodIdentityAssociation } from '@aws-sdk/client-eks';
import { beforeEach, describe, expect, test } from 'vitest';
import { account, aNoon, otherAccount, outcomeOf, type World } from '../testworld.ts';
import {
  addPodRole,
  allowRead,
  association,
  callsOf,
  createPodWorld,
  externalId,
  type PodIdentityCalls,
  refused,
  target,
} from './testworld.ts';

const invalid = 'InvalidParameterException: ';
const { noRole, crossAccount, needsNoTags } = refused;

let world: World;
let calls: PodIdentityCalls;

beforeEach(async () => {
  world = await createPodWorld();
  calls = callsOf(world);
});

describe('an update', () => {
  const later = { now: aNoon + 60_000 };
  let made: PodIdentityAssociation & { associationId: string };

  beforeEach(async () => {
    made = await calls.create({ tags: { a: 'b' } });
  });

  test.each<readonly [string, object, string]>([
    [
      'of nothing',
      {},
      `${invalid}At least one of roleArn, disableSessionTags, targetRoleArn and policy must be specified`,
    ],
    ['to a role that is not there', { roleArn: `${association.roleArn}x` }, noRole],
    [
      'to a role of another account',
      { roleArn: association.roleArn.replace(account, otherAccount) },
      crossAccount,
    ],
    ['to no role', { roleArn: '' }, crossAccount],
    [
      'to a target that is none',
      { targetRoleArn: 'x' },
      `${invalid}The targetRoleArn parameter format is not valid`,
    ],
    ['to a policy beside session tags', { policy: allowRead }, needsNoTags],
    [
      'to a policy that is none',
      { policy: '{}', disableSessionTags: true },
      `${invalid}The policy is not valid: `,
    ],
  ])('%s changes nothing', async (_, change, outcome) => {
    expect(await outcomeOf(calls.update(made.associationId, change, later))).toContain(outcome);
    expect(await calls.described(made.associationId)).toEqual(made);
  });

  test('changes what it says and nothing else', async () => {
    const roleArn = await addPodRole(world, 'other', '/team/');
    const modifiedAt = new Date(later.now);
    const expected = { ...made, roleArn, modifiedAt };
    expect(await calls.update(made.associationId, { roleArn }, later)).toEqual(expected);
    const all = { disableSessionTags: true, targetRoleArn: target, policy: allowRead };
    expect(await calls.update(made.associationId, all, later)).toEqual({ ...expected, ...all, externalId });
    expect(await calls.described(made.associationId)).toEqual({ ...expected, ...all, externalId });
  });

  test('with an empty text ends the target role and the policy; what is absent stays', async () => {
    const { associationId } = made;
    await calls.update(associationId, { disableSessionTags: true, targetRoleArn: target, policy: allowRead });
    expect(await outcomeOf(calls.update(associationId, { disableSessionTags: false }))).toBe(needsNoTags);
    const plain = await calls.update(associationId, { targetRoleArn: '' });
    expect(plain).toMatchObject({ policy: allowRead });
    expect(plain).not.toHaveProperty('targetRoleArn');
    expect(plain).not.toHaveProperty('externalId');
    expect(await calls.update(associationId, { policy: '', disableSessionTags: false }, later)).toEqual({
      ...made,
      modifiedAt: new Date(later.now),
    });
  });

  test('to what is there already is answered, and is no change', async () => {
    const change = { roleArn: association.roleArn, targetRoleArn: '', disableSessionTags: false };
    expect(await calls.update(made.associationId, change, later)).toEqual(made);
  });

  test.each([
    { roleArn: association.roleArn },
    { policy: '' },
    { targetRoleArn: target },
    { disableSessionTags: true },
  ])('to %j needs the role to be passed', async (change) => {
    world.refused.add('iam:PassRole');
    expect(await outcomeOf(calls.update(made.associationId, change))).toBe(
      'AccessDeniedException: no iam:PassRole',
    );
  });

  test('asks about the role that the association has in the end', async () => {
    const roleArn = await addPodRole(world, 'other');
    await calls.update(made.associationId, { roleArn });
    expect(world.asked.at(-1)?.resources).toEqual([roleArn]);
    await calls.update(made.associationId, { disableSessionTags: true });
    expect(world.asked.at(-1)?.resources).toEqual([roleArn]);
  });

  test('of a role that has been deleted since is refused only where it names the role', async () => {
    await world.remove('role', 'pods');
    expect(await outcomeOf(calls.update(made.associationId, { roleArn: association.roleArn }))).toBe(noRole);
    expect(await outcomeOf(calls.update(made.associationId, { disableSessionTags: true }))).toBe('ok');
  });

  test('loses nothing to another one at the same time', async () => {
    await Promise.all([
      calls.update(made.associationId, { targetRoleArn: target }),
      calls.update(made.associationId, { disableSessionTags: true }),
      world.call('TagResource', { resourceArn: made.associationArn, tags: { c: 'd' } }),
    ]);
    expect(await calls.described(made.associationId)).toMatchObject({
      targetRoleArn: target,
      disableSessionTags: true,
      tags: { a: 'b', c: 'd' },
    });
  });

  test('makes a repeated creation another wish', async () => {
    const { associationId } = await calls.create({ namespace: 'n', clientRequestToken: 't' });
    await calls.update(associationId, { disableSessionTags: true });
    expect(await outcomeOf(calls.create({ namespace: 'n', clientRequestToken: 't' }))).toBe(
      `ResourceInUseException: Association already exists: ${associationId}`,
    );
  });
});
