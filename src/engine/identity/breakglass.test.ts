import { describe, expect, test } from 'vitest';
import type { Principal } from '../iam/principal.ts';
import { resolveIdentity } from './resolve.ts';
import { account, ada, mapping, ops, opsEntry, rolePrincipal, sources } from './testworld.ts';

const ofOps = { principalArn: opsEntry.principalArn, principalId: opsEntry.principalId };
const ofAda = { principalArn: ada.arn, principalId: ada.principalId };

describe('the glass is not broken by', () => {
  test.each<[string, Principal, typeof ofOps]>([
    ['another principal', rolePrincipal('Dev', 'AROADEV'), ofOps],
    ['a role re-created under the ARN', rolePrincipal('Ops', 'AROANEW', 's', '/team/'), ofOps],
    ['a role that was renamed', rolePrincipal('Renamed', 'AROAOPS'), ofOps],
    ['a role whose name differs in case', rolePrincipal('OPS', 'AROAOPS'), ofOps],
    ['a user moved to another path', { ...ada, arn: `arn:aws:iam::${account}:user/ada` }, ofAda],
    [
      'a principal without id, where the record has none',
      { ...ops, principalId: '' },
      { ...ofOps, principalId: '' },
    ],
    [
      'a federated user of the user',
      {
        ...ada,
        kind: 'federatedUser',
        arn: ada.arn,
        federatedName: 'ada',
        issuer: { arn: ada.arn, principalId: ada.principalId, userName: 'ada' },
      },
      ofAda,
    ],
    ['root', { ...ada, kind: 'root' }, ofAda],
  ])('%s', (_, principal, breakGlass) => {
    expect(resolveIdentity(principal, sources({ breakGlass }))).toMatchObject({ ok: false });
  });
});

describe('the break-glass principal', () => {
  test('is administrator under a name that says so, by role and session', () => {
    expect(resolveIdentity(ops, sources({ breakGlass: ofOps }))).toMatchObject({
      ok: true,
      code: 'breakGlass',
      mappedBy: { source: 'breakGlass', arn: opsEntry.principalArn },
      user: {
        username: 'entryway:break-glass:role/Ops/ada@example.com',
        groups: ['system:masters'],
        uid: `aws-iam-authenticator:${account}:AROAOPS`,
        extra: { arn: [ops.arn] },
      },
    });
    expect(resolveIdentity(ada, sources({ breakGlass: ofAda }))).toMatchObject({
      user: { username: 'entryway:break-glass:user/team/ada' },
    });
  });

  test.each(['CONFIG_MAP', 'API_AND_CONFIG_MAP', 'API'] as const)(
    'in mode %s is let in whatever entries and aws-auth say',
    (authenticationMode) => {
      const from = sources({
        authenticationMode,
        breakGlass: ofOps,
        hiddenAdminPrincipalId: 'AROAOPS',
        entries: [{ ...opsEntry, username: '{{EC2PrivateDNSName}}' }],
        awsAuth: { roles: [mapping(`arn:aws:iam::${account}:role/Ops`, '')] },
      });
      expect(resolveIdentity(ops, from)).toMatchObject({ ok: true, code: 'breakGlass' });
    },
  );
});

test('nobody else is called like a break-glass principal', () => {
  const username = 'entryway:break-glass:role/Ops/{{SessionName}}';
  const refused = { ok: false, code: 'reservedName' };
  expect(resolveIdentity(ops, sources({ entries: [{ ...opsEntry, username }] }))).toMatchObject(refused);
  const roles = [mapping(`arn:aws:iam::${account}:role/Ops`, username)];
  expect(resolveIdentity(ops, sources({ awsAuth: { roles } }))).toMatchObject(refused);
  const split = rolePrincipal('Ops', 'AROAOPS', 'entryway');
  const rendered = { ...opsEntry, username: '{{SessionName}}:break-glass:x' };
  expect(resolveIdentity(split, sources({ entries: [rendered] }))).toMatchObject(refused);
});
