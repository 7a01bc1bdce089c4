import { describe, expect, test } from 'vitest';
import type { Principal } from '../iam/principal.ts';
import type { AccessEntry } from './entries.ts';
import { createMatcherIndex } from './matcherindex.ts';
import { compileMatcher } from './matchers.ts';
import { type IdentitySources, resolveIdentity } from './resolve.ts';
import { account, ada, mapping, ops, opsEntry, rolePrincipal, sources } from './testworld.ts';

const role = (name: string, ofAccount = account) => `arn:aws:iam::${ofAccount}:role/${name}`;
const matcher = (principalArn: string, username = 'm:{{SessionName}}'): AccessEntry => ({
  principalArn,
  principalId: '',
  type: 'STANDARD',
  username,
  kubernetesGroups: ['matched'],
});
const waiting = (principalArn: string): AccessEntry => ({ ...opsEntry, principalArn, principalId: '' });
const set = 'AWSReservedSSO_View_0123456789abcdef';

describe('a matcher lets nobody in', () => {
  const masters = { ...matcher(role('*')), kubernetesGroups: ['system:masters'] };
  test.each<[string, Principal, IdentitySources, string]>([
    ['whose role has another name', ops, sources({ entries: [matcher(role('Dev-*'))] }), 'noMapping'],
    [
      'of another account',
      { ...ops, accountId: '444455556666' },
      sources({ entries: [matcher(role('Ops*'))] }),
      'noMapping',
    ],
    ['who is a user', ada, sources({ entries: [matcher(`arn:aws:iam::${account}:user/*`)] }), 'noMapping'],
    [
      'who is a user called like a role',
      { ...ada, arn: role('Ops') },
      sources({ entries: [matcher(role('Ops*'))] }),
      'noMapping',
    ],
    [
      'by a star in the account',
      ops,
      sources({ entries: [matcher('arn:aws:iam::*:role/Ops')] }),
      'noMapping',
    ],
    ['by a star in a path', ops, sources({ entries: [matcher(role('*/Ops'))] }), 'noMapping'],
    [
      'by a star beside an id that was lost',
      ops,
      sources({ entries: [{ ...matcher(role('Ops*')), principalId: 'AROAOPS' }] }),
      'noMapping',
    ],
    ['as a node', ops, sources({ entries: [{ ...matcher(role('*')), type: 'EC2_LINUX' }] }), 'noMapping'],
    ['as system:masters', ops, sources({ entries: [masters] }), 'reservedName'],
    [
      'where the mode ignores entries',
      ops,
      sources({ entries: [matcher(role('*'))], authenticationMode: 'CONFIG_MAP' }),
      'modeIgnoresEntries',
    ],
    [
      'whose role was re-created after an entry of its own',
      { ...ops, principalId: 'AROANEW' },
      sources({ entries: [opsEntry, matcher(role('*'))] }),
      'recreatedPrincipal',
    ],
    [
      'whose own entry must not be followed',
      ops,
      sources({ entries: [{ ...opsEntry, username: '' }, matcher(role('*'))] }),
      'emptyUsername',
    ],
    [
      'of another permission set that begins alike',
      rolePrincipal('AWSReservedSSO_View_Only_0123456789abcdef', 'AROASSO'),
      sources({ entries: [matcher(role('AWSReservedSSO_View_*'))] }),
      'noMapping',
    ],
    [
      'of a permission set in another account',
      { ...rolePrincipal(set, 'AROASSO'), accountId: '444455556666' },
      sources({ entries: [matcher(role('AWSReservedSSO_View_*'))] }),
      'noMapping',
    ],
  ])('%s', (_, principal, from, code) => {
    expect(resolveIdentity(principal, from)).toMatchObject({ ok: false, code });
  });
});

describe('a matcher', () => {
  test('maps every role of a permission set, and says which role came by which matcher', () => {
    const entry = matcher(role('AWSReservedSSO_View_*'));
    const session = rolePrincipal(set, 'AROASSO', 'ada@example.com', '/aws-reserved/sso.amazonaws.com/');
    expect(resolveIdentity(session, sources({ entries: [entry] }))).toMatchObject({
      ok: true,
      code: 'accessEntry',
      message:
        `access entry \`${entry.principalArn}\` (matches role \`${role(set)}\`) maps ` +
        `\`${session.arn}\` to \`m:ada-example.com\``,
      mappedBy: { source: 'accessEntry', arn: entry.principalArn },
      user: { username: 'm:ada-example.com', groups: ['matched'], extra: { principalId: ['AROASSO'] } },
    });
  });

  test('goes behind the principal’s own entry and the hidden creator, before aws-auth (D10)', () => {
    const entries = [matcher(role('*'))];
    const awsAuth = { roles: [mapping(role('Ops'))] };
    const codeOf = (from: IdentitySources) => resolveIdentity(ops, from);
    expect(codeOf(sources({ entries: [...entries, opsEntry] }))).toMatchObject({
      mappedBy: { arn: opsEntry.principalArn },
    });
    expect(codeOf(sources({ entries, hiddenAdminPrincipalId: 'AROAOPS' }))).toMatchObject({
      code: 'clusterCreator',
    });
    expect(codeOf(sources({ entries, awsAuth }))).toMatchObject({ code: 'accessEntry' });
  });

  test('that is broken does not hide aws-auth', () => {
    const from = sources({ entries: [matcher(role('*/Ops'))], awsAuth: { roles: [mapping(role('Ops'))] } });
    expect(resolveIdentity(ops, from)).toMatchObject({ code: 'awsAuth' });
  });

  test('of several that fit one is chosen whatever the order they came in: set, longer, byte order', () => {
    const arns = [
      role('AWSReservedSSO_View_*'),
      role('AWSReservedSSO_View_0123456789*'),
      role('AWSReservedSSO_V*'),
      role('AWSReservedSSO_*w'),
      role('*'),
      role('AWSReservedSSO_*_'),
    ];
    const [first, second, third] = [arns[0], arns[1], arns[2]];
    for (let turn = 0; turn < arns.length; turn++) {
      const turned = [...arns.slice(turn), ...arns.slice(0, turn)];
      const index = createMatcherIndex<AccessEntry>();
      for (const arn of turned) index.apply(matcher(arn));
      expect(index.matching(role(set)).map(({ principalArn }) => principalArn)).toEqual([
        first,
        second,
        third,
        role('*'),
      ]);
      index.remove(first ?? '');
      expect(index.matching(role(set).toUpperCase())[0]?.principalArn).toBe(second);
    }
    const equal = createMatcherIndex<AccessEntry>();
    for (const arn of [role('b-*-c'), role('b*-c*')]) equal.apply(matcher(arn));
    expect(equal.matching(role('b-x-c'))[0]?.principalArn).toBe(role('b*-c*'));
    expect(
      resolveIdentity(
        rolePrincipal('b-x-c', 'AROAB'),
        sources({ entries: [matcher(role('b-*')), matcher(role('*'))] }),
      ),
    ).toMatchObject({ message: expect.stringContaining(`goes before \`${role('*')}\``) });
  });

  test.each([
    [role('Ops'), undefined],
    ['arn:aws:iam::*:role/Ops', undefined],
    ['arn:aws:iam::111122223333:*', undefined],
    ['arn:aws:iam::111122223333:role/team/*', undefined],
    ['arn:moon:iam::111122223333:role/*', undefined],
    [`arn:aws:iam::${account}:user/*`, undefined],
    [`arn:aws:sts::${account}:assumed-role/Ops/*`, undefined],
    [role('AWSReservedSSO_View_*'), 'permissionSet'],
    [role('AWSReservedSSO_*'), 'rolePattern'],
    [role('dev-*'), 'rolePattern'],
  ])('%s is read as %s', (arn, kind) => {
    expect(compileMatcher(arn)?.kind).toBe(kind);
  });
});

describe('an entry that waits for its principal’s first use', () => {
  const entry = waiting(opsEntry.principalArn);

  test('maps nobody and names itself, so that it can be tied to who came', () => {
    expect(resolveIdentity(ops, sources({ entries: [entry, matcher(role('*'))] }))).toMatchObject({
      ok: false,
      code: 'awaitsFirstUse',
      awaitingEntry: entry.principalArn,
    });
  });

  test('hides aws-auth, as any entry does', () => {
    const from = sources({ entries: [entry], awsAuth: { roles: [mapping(role('Ops'))] } });
    expect(resolveIdentity(ops, from)).toMatchObject({ code: 'awaitsFirstUse' });
  });

  test('goes behind what maps the principal by id', () => {
    const other = { ...opsEntry, principalArn: role('Ops') };
    expect(resolveIdentity(ops, sources({ entries: [entry, other] }))).toMatchObject({ code: 'accessEntry' });
    const created = sources({ entries: [entry], hiddenAdminPrincipalId: 'AROAOPS' });
    expect(resolveIdentity(ops, created)).toMatchObject({ code: 'clusterCreator' });
  });

  test('is not there in mode CONFIG_MAP', () => {
    const from = sources({ entries: [entry], authenticationMode: 'CONFIG_MAP' });
    expect(resolveIdentity(ops, from)).toMatchObject({ code: 'modeIgnoresEntries' });
    const mapped = { awsAuth: { roles: [mapping(role('Ops'))] }, authenticationMode: 'CONFIG_MAP' } as const;
    expect(resolveIdentity(ops, sources({ entries: [entry], ...mapped }))).toMatchObject({ code: 'awsAuth' });
  });

  test('is not chosen where the path, which STS does not tell, would decide', () => {
    const both = [entry, waiting(role('Ops'))];
    const result = resolveIdentity(ops, sources({ entries: both }));
    expect(result).toMatchObject({ ok: false, code: 'awaitsFirstUse' });
    expect(result).not.toHaveProperty('awaitingEntry');
  });

  test('of another spelling goes behind the exact one', () => {
    const both = [waiting(role('OPS')), waiting(role('Ops'))];
    expect(resolveIdentity(ops, sources({ entries: both }))).toMatchObject({ awaitingEntry: role('Ops') });
  });

  test('waits for users, too, and only of its ARN', () => {
    const entries = [waiting(ada.arn)];
    expect(resolveIdentity(ada, sources({ entries }))).toMatchObject({ awaitingEntry: ada.arn });
    expect(resolveIdentity(ops, sources({ entries }))).toMatchObject({ code: 'noMapping' });
  });
});
