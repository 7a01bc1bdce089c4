import { describe, expect, test } from 'vitest';
import { principalIdExtraKey } from '../authorizer/attributes.ts';
import type { Principal } from '../iam/principal.ts';
import { blockTargetsOf, blockTargetsOfUser, isRootTarget, parseBlockTarget } from './blocks.ts';
import { userInfoFor } from './userinfo.ts';

const account = '111122223333';
const roleId = 'AROADBQP57FF2AEXAMPLE';
const userId = 'AIDACKCEVSQ6C2EXAMPLE';
const base = { accountId: account, partition: 'aws', accessKeyId: 'ASIAIOSFODNN7EXAMPLE' };

const opsSession: Principal = {
  ...base,
  kind: 'assumedRole',
  arn: `arn:aws:sts::${account}:assumed-role/Ops/ada`,
  principalArn: `arn:aws:iam::${account}:role/team/Ops`,
  principalId: roleId,
  userId: `${roleId}:ada`,
  roleName: 'Ops',
  sessionName: 'ada',
};
const user: Principal = {
  ...base,
  kind: 'user',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  arn: `arn:aws:iam::${account}:user/team/Ada`,
  principalArn: `arn:aws:iam::${account}:user/team/Ada`,
  principalId: userId,
  userId,
  userName: 'Ada',
};
const federated: Principal = {
  ...base,
  kind: 'federatedUser',
  arn: `arn:aws:sts::${account}:federated-user/guest`,
  principalArn: `arn:aws:sts::${account}:federated-user/guest`,
  principalId: `${account}:guest`,
  userId: `${account}:guest`,
  federatedName: 'guest',
  issuer: { arn: user.arn, principalId: userId, userName: 'Ada' },
};
const root: Principal = {
  ...base,
  kind: 'root',
  arn: `arn:aws:iam::${account}:root`,
  principalArn: `arn:aws:iam::${account}:root`,
  principalId: account,
  userId: account,
};

/** Whether a block of that text would hit, the way an index looks it up. */
function hits(text: string, targets: ReturnType<typeof blockTargetsOf>): boolean {
  const wanted = parseBlockTarget(text);
  return targets.some(({ kind, target }) => kind === wanted?.kind && target === wanted.target);
}

describe('what names nobody', () => {
  test.each([
    '',
    'Ada',
    account,
    '*',
    `arn:aws:iam::${account}:role/*`,
    `arn:aws:iam::${account}:role/`,
    `arn:aws:iam::${account}:group/devs`,
    `arn:aws:iam::${account}:assumed-role/Ops/ada`,
    `arn:aws-nowhere:iam::${account}:role/Ops`,
    `arn:aws:sts::${account}:assumed-role/team/Ops/ada`,
    roleId.toLowerCase(),
    `${roleId}:`,
    `${roleId}:a`,
    `${roleId}:ada:b`,
    `${userId}:ada`,
    'AGPADBQP57FF2AEXAMPLE',
    'AKIA',
    ` ${roleId}`,
    `${roleId}\n`,
  ])('`%s` is refused', (text) => expect(parseBlockTarget(text)).toBeUndefined());
});

describe('who is hit', () => {
  const table: readonly (readonly [text: string, opsSession: boolean, user: boolean, federated: boolean])[] =
    [
      [`arn:aws:iam::${account}:role/team/Ops`, true, false, false],
      [`arn:aws:iam::${account}:role/Ops`, true, false, false],
      [`arn:aws:iam::${account}:role/other/ops`, true, false, false],
      [`arn:aws:iam::${account}:role/Ops2`, false, false, false],
      [`arn:aws:iam::444455556666:role/Ops`, false, false, false],
      [roleId, true, false, false],
      ['AROADBQP57FF2AEXAMPLF', false, false, false],
      [`arn:aws:sts::${account}:assumed-role/Ops/ada`, true, false, false],
      [`arn:aws:sts::${account}:assumed-role/ops/ADA`, true, false, false],
      [`arn:aws:sts::${account}:assumed-role/Ops/adam`, false, false, false],
      [`${roleId}:ada`, true, false, false],
      [`${roleId}:adam`, false, false, false],
      ['ASIAIOSFODNN7EXAMPLE', true, false, true],
      ['AKIAIOSFODNN7EXAMPLE', false, true, false],
      [`arn:aws:iam::${account}:user/team/Ada`, false, true, true],
      [`arn:aws:iam::${account}:user/ada`, false, true, true],
      [`arn:aws:iam::${account}:user/adam`, false, false, false],
      [userId, false, true, true],
      [`arn:aws:sts::${account}:federated-user/guest`, false, false, true],
      [`arn:aws:iam::${account}:root`, false, false, false],
    ];
  test.each(table)(
    'a block of %s: session %s, user %s, federated user %s',
    (text, ofSession, ofUser, ofFederated) => {
      expect([opsSession, user, federated].map((principal) => hits(text, blockTargetsOf(principal)))).toEqual(
        [ofSession, ofUser, ofFederated],
      );
    },
  );

  test.each(table)('the same of users of a cluster: %s', (text, ofSession, ofUser, ofFederated) => {
    expect(
      [opsSession, user, federated].map((principal) =>
        hits(text, blockTargetsOfUser(userInfoFor(principal, 'name', []))),
      ),
    ).toEqual([ofSession, ofUser, ofFederated]);
  });

  test('a review does not tell who issued a federated user', () => {
    const { extra } = userInfoFor(federated, 'name', []);
    expect(hits(user.arn, blockTargetsOfUser({ extra }))).toBe(false);
    expect(hits(federated.arn, blockTargetsOfUser({ extra }))).toBe(true);
  });

  test('a root is hit by its ARN alone', () => {
    expect(hits(`arn:aws:iam::${account}:root`, blockTargetsOf(root))).toBe(true);
    expect(hits('arn:aws:iam::444455556666:root', blockTargetsOf(root))).toBe(false);
  });
});

test('one of several values of a key is enough, and a key of another spelling is none', () => {
  const block = parseBlockTarget(roleId);
  expect(blockTargetsOfUser({ extra: { principalId: ['AROAOTHER', roleId] } })).toContainEqual(block);
  expect(blockTargetsOfUser({ extra: { [principalIdExtraKey]: [roleId] } })).toContainEqual(block);
  expect(blockTargetsOfUser({ extra: { principalid: [roleId], toString: ['x'] } })).toEqual([]);
});

test('the root of an account is known by its ARN in every partition', () => {
  for (const partition of ['aws', 'aws-cn']) {
    const target = parseBlockTarget(`arn:${partition}:iam::${account}:root`);
    expect(target && isRootTarget(target, account)).toBe(true);
    expect(target && isRootTarget(target, '444455556666')).toBe(false);
  }
});
