import { expect, test } from 'vitest';
import type { Principal } from '../../engine/iam/principal.ts';
import { blockTargetsOf, parseBlockTarget } from '../../engine/identity/blocks.ts';
import { asRoot, asUser, own } from '../authorization/testworld.ts';
import { ada, createSts, target } from './testworld.ts';

/** Blocked is whom the text names, and nobody else. */
function blocking(text: string): (principal: Principal) => boolean {
  const block = parseBlockTarget(text);
  if (block === undefined) throw new Error(`${text} names nobody`);
  return (principal) =>
    blockTargetsOf(principal).some(
      ({ kind, target: named }) => kind === block.kind && named === block.target,
    );
}

const sessionArn = `arn:aws:sts::${own}:assumed-role/target/ada-1`;

test.each([`arn:aws:iam::${own}:role/team/target`, `arn:aws:iam::${own}:role/target`, sessionArn])(
  'no session is made of a role or under a name that is blocked: %s',
  async (text) => {
    const { assume } = await createSts({ isBlocked: blocking(text) });
    await expect(assume(asUser(ada))).rejects.toMatchObject({
      code: 'AccessDenied',
      message: `${sessionArn} is blocked on this server`,
    });
  },
);

test('who may not assume the role is not told that it is blocked', async () => {
  const { assume } = await createSts({ isBlocked: blocking(`arn:aws:iam::${own}:role/target`) });
  const stranger: Principal = { ...asUser(ada), userName: 'eve', arn: `arn:aws:iam::${own}:user/eve` };
  const error: unknown = await assume({
    ...stranger,
    principalArn: stranger.arn,
    principalId: 'AIDAEVE',
  }).catch((refusal: unknown) => refusal);
  expect(String(error)).not.toContain('blocked');
});

test('another session of the role, and one of another role, are made', async () => {
  const other = await createSts({ isBlocked: blocking(sessionArn) });
  await expect(other.assume(asUser(ada), { RoleSessionName: 'ada-2' })).resolves.toBeDefined();
  const elsewhere = await createSts({ isBlocked: blocking(`arn:aws:iam::${own}:role/${target.name}2`) });
  await expect(elsewhere.assume(asUser(ada))).resolves.toBeDefined();
});

test('nobody is federated under a name that is blocked', async () => {
  const guest = `arn:aws:sts::${own}:federated-user/guest`;
  const { call } = await createSts({ isBlocked: blocking(guest) });
  await expect(call('GetFederationToken', asRoot, { Name: 'guest' })).rejects.toMatchObject({
    code: 'AccessDenied',
    message: `${guest} is blocked on this server`,
  });
});
