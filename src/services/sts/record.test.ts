import { describe, expect, test } from 'vitest';
import { asUser, other, own, roleRecord, trust } from '../authorization/testworld.ts';
import { ada, createSts, targetArn } from './testworld.ts';

/** What the record of AssumeRole tells of the decision: it is read by the caller's account (iam-facts G7). */

const quietly = (call: Promise<unknown>): Promise<unknown> => call.catch(() => undefined);
const foreignArn = `arn:aws:iam::${other}:role/foreign`;
const foreign = (trustPolicy: string) =>
  roleRecord('foreign', {
    accountId: other,
    trustPolicy,
    trustedPrincipalIds: { [asUser(ada).arn]: ada.principalId },
  });

describe('nothing is told of a role of another account', () => {
  test.each([
    ['that is missing', undefined],
    ['that does not trust', foreign(trust(other))],
    ['that trusts', foreign(trust(asUser(ada).arn))],
  ])('%s', async (_what, role) => {
    const { assume, judged, putRole } = await createSts();
    if (role !== undefined) await putRole(role);
    await quietly(assume(asUser(ada), { RoleArn: foreignArn }));
    expect(judged).toEqual([]);
  });
});

test('what allowed a role of the own account is told', async () => {
  const { assume, judged } = await createSts();
  await assume(asUser(ada));
  expect(judged).toMatchObject([
    {
      action: 'sts:AssumeRole',
      resources: [targetArn],
      decision: { decision: 'allowed', step: 'trust', statements: [{ statement: { index: 0 } }] },
    },
  ]);
});

test.each([
  ['a missing role', { RoleArn: `arn:aws:iam::${own}:role/missing` }, 'sts:AssumeRole'],
  [
    'tags without the permission',
    { RoleArn: `arn:aws:iam::${own}:role/plain`, Tags: [{ Key: 'a', Value: 'b' }] },
    'sts:TagSession',
  ],
])('what refused %s is told, with the action that was refused', async (_what, input, action) => {
  const { assume, judged } = await createSts();
  await quietly(assume(asUser(ada), input));
  expect(judged).toMatchObject([
    { action, resources: [input.RoleArn], decision: { decision: 'implicitDeny', step: 'trust' } },
  ]);
});
