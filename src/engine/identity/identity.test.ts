import { describe, expect, test } from 'vitest';
import { activePrincipal, principalIdExtraKey } from '../authorizer/attributes.ts';
import type { Principal } from '../iam/principal.ts';
import type { AwsAuth } from './awsauth.ts';
import { type IdentitySources, resolveIdentity } from './resolve.ts';
import { reviewedUser } from './review.ts';
import { account, ada, mapping, ops, opsEntry, rolePrincipal, sources } from './testworld.ts';

describe('refusals', () => {
  const plainOps = `arn:aws:iam::${account}:role/Ops`;
  test.each<[string, Principal, IdentitySources, string]>([
    ['nobody knows the principal', ops, sources(), 'noMapping'],
    [
      'the role was re-created',
      { ...ops, principalId: 'AROANEW' },
      sources({ entries: [opsEntry] }),
      'recreatedPrincipal',
    ],
    [
      'the entry is for the role name under another path',
      rolePrincipal('Ops', 'AROANEW'),
      sources({ entries: [opsEntry] }),
      'entryOtherPath',
    ],
    [
      'the id is right and the ARN is not, even where aws-auth would let it in',
      rolePrincipal('Renamed', 'AROAOPS'),
      sources({
        entries: [opsEntry],
        awsAuth: { roles: [mapping(`arn:aws:iam::${account}:role/Renamed`)], accounts: [account] },
      }),
      'entryArnMismatch',
    ],
    [
      'mode CONFIG_MAP',
      ops,
      sources({ entries: [opsEntry], authenticationMode: 'CONFIG_MAP' }),
      'modeIgnoresEntries',
    ],
    [
      'mode API',
      ops,
      sources({ awsAuth: { roles: [mapping(plainOps)] }, authenticationMode: 'API' }),
      'modeIgnoresAwsAuth',
    ],
    [
      'mode API and mapAccounts',
      ops,
      sources({ awsAuth: { accounts: [account] }, authenticationMode: 'API' }),
      'modeIgnoresAwsAuth',
    ],
    [
      'aws-auth with the role’s path (G10)',
      ops,
      sources({ awsAuth: { roles: [mapping(opsEntry.principalArn)] } }),
      'awsAuthPath',
    ],
    [
      'aws-auth with the session’s ARN',
      ops,
      sources({ awsAuth: { roles: [mapping(ops.arn)] } }),
      'noMapping',
    ],
    [
      'an aws-auth item without username (G14)',
      ops,
      sources({ awsAuth: { roles: [mapping(plainOps, '')] } }),
      'emptyUsername',
    ],
    [
      'a template without value, no falling through to mapAccounts',
      ada,
      sources({
        awsAuth: {
          users: [{ userarn: ada.arn, username: 'u:{{SessionName}}', groups: [] }],
          accounts: [account],
        },
      }),
      'emptyPlaceholder',
    ],
    [
      'a group template without value',
      ada,
      sources({ awsAuth: { users: [{ userarn: ada.arn, username: 'u', groups: ['g:{{SessionName}}'] }] } }),
      'emptyPlaceholder',
    ],
    [
      'a session that is no instance',
      ops,
      sources({
        entries: [{ ...opsEntry, type: 'EC2_LINUX', username: 'system:node:{{EC2PrivateDNSName}}' }],
      }),
      'noInstanceId',
    ],
    [
      'an instance nobody knows',
      rolePrincipal('Ops', 'AROAOPS', 'i-0c6f21bf1f24f9708'),
      sources({
        entries: [{ ...opsEntry, type: 'EC2_LINUX', username: 'system:node:{{EC2PrivateDNSName}}' }],
      }),
      'unknownInstance',
    ],
    [
      'system:masters in an entry',
      ops,
      sources({ entries: [{ ...opsEntry, kubernetesGroups: ['system:masters'] }] }),
      'reservedName',
    ],
    [
      'system:masters in a node’s entry',
      ops,
      sources({
        entries: [
          { ...opsEntry, type: 'EC2_LINUX', username: 'system:node:x', kubernetesGroups: ['system:masters'] },
        ],
      }),
      'reservedName',
    ],
    [
      'a node’s entry that names somebody else',
      ops,
      sources({ entries: [{ ...opsEntry, type: 'EC2_LINUX', username: 'system:admin' }] }),
      'reservedName',
    ],
    [
      'an entry of a type nobody knows that names a node',
      ops,
      sources({ entries: [{ ...opsEntry, type: 'TOASTER', kubernetesGroups: ['system:nodes'] }] }),
      'reservedName',
    ],
    [
      'a username that becomes reserved when rendered',
      rolePrincipal('Ops', 'AROAOPS', 'system:admin'),
      sources({ entries: [{ ...opsEntry, username: '{{SessionName}}' }] }),
      'reservedName',
    ],
    ['another principal than the creator', ops, sources({ hiddenAdminPrincipalId: 'AIDAADA' }), 'noMapping'],
    [
      'an SSO item while the gate is off',
      rolePrincipal('AWSReservedSSO_View_0123456789abcdef', 'AROASSO'),
      sources({
        awsAuth: {
          roles: [{ sso: { permissionSetName: 'View', accountID: account }, username: 'u', groups: [] }],
        },
      }),
      'noMapping',
    ],
  ])('%s', (_, principal, from, code) => {
    const result = resolveIdentity(principal, from);
    expect(result).toMatchObject({ ok: false, code });
  });
});

describe('mappings', () => {
  const plainOps = `arn:aws:iam::${account}:role/Ops`;
  test('an access entry gives the user of the authenticator (H6)', () => {
    expect(resolveIdentity(ops, sources({ entries: [opsEntry] }))).toMatchObject({
      ok: true,
      code: 'accessEntry',
      mappedBy: { source: 'accessEntry', arn: opsEntry.principalArn },
      user: {
        username: `arn:aws:sts::${account}:assumed-role/Ops/ada-example.com`,
        uid: `aws-iam-authenticator:${account}:AROAOPS`,
        groups: ['viewers'],
        extra: {
          accessKeyId: ['ASIAEXAMPLE'],
          arn: [ops.arn],
          canonicalArn: [plainOps],
          principalId: ['AROAOPS'],
          sessionName: ['ada@example.com'],
          [principalIdExtraKey]: ['AROAOPS'],
        },
      },
    });
  });

  test('the entry goes before aws-auth (D10)', () => {
    const both = sources({ entries: [opsEntry], awsAuth: { roles: [mapping(plainOps)] } });
    expect(resolveIdentity(ops, both)).toMatchObject({ code: 'accessEntry' });
  });

  test('aws-auth: roles before users before accounts, without regard to case (G8)', () => {
    const users = [{ userarn: plainOps, username: 'as-user', groups: [] }];
    const roles = [mapping(plainOps, 'first'), mapping(plainOps.toUpperCase(), 'last')];
    const accounts = [account];
    const map = (awsAuth: Partial<AwsAuth>) => resolveIdentity(ops, sources({ awsAuth }));
    expect(map({ roles, users, accounts })).toMatchObject({ user: { username: 'last' } });
    expect(map({ users, accounts })).toMatchObject({ user: { username: 'as-user' } });
    expect(map({ accounts })).toMatchObject({
      user: { username: plainOps, groups: [] },
      code: 'awsAuthAccount',
    });
  });

  test('aws-auth may give system:masters (G13)', () => {
    const roles = [{ ...mapping(plainOps), groups: ['system:masters'] }];
    expect(resolveIdentity(ops, sources({ awsAuth: { roles } }))).toMatchObject({
      user: { groups: ['system:masters'] },
    });
  });

  test('the hidden creator is an administrator by id, whatever aws-auth says (D8)', () => {
    const from = sources({
      hiddenAdminPrincipalId: 'AROAOPS',
      authenticationMode: 'CONFIG_MAP',
      awsAuth: { roles: [mapping(plainOps)] },
    });
    expect(resolveIdentity(ops, from)).toMatchObject({
      code: 'clusterCreator',
      user: { username: 'kubernetes-admin', groups: ['system:masters'] },
    });
  });

  test('a node with a known name', () => {
    const entry = {
      ...opsEntry,
      type: 'EC2_LINUX',
      username: 'system:node:{{EC2PrivateDNSName}}',
      kubernetesGroups: ['system:nodes'],
    };
    const from = sources({ entries: [entry], privateDnsName: () => 'ip-10-0-0-1.ec2.internal' });
    expect(resolveIdentity(rolePrincipal('Ops', 'AROAOPS', 'i-0c6f21bf1f24f9708'), from)).toMatchObject({
      user: { username: 'system:node:ip-10-0-0-1.ec2.internal', groups: ['system:nodes'] },
    });
  });
});

describe('the user of a review', () => {
  const extra = { [principalIdExtraKey]: ['AROAOPS'], canonicalArn: ['arn:aws:iam::1:role/Ops'] };
  const user = { username: 'u', uid: 'aws-iam-authenticator:1:AROAOPS', groups: [], extra };
  test.each([
    [
      'the key in lower case, as impersonation leaves it',
      {
        ...user,
        extra: { [principalIdExtraKey.toLowerCase()]: ['AROAOPS'], canonicalArn: extra.canonicalArn },
      },
    ],
    ['two values', { ...user, extra: { ...extra, [principalIdExtraKey]: ['AROAOPS', 'AROAELSE'] } }],
    ['the uid of another', { ...user, uid: 'aws-iam-authenticator:1:AROAELSE' }],
    ['no uid', { ...user, uid: '' }],
  ])('%s activates nothing', (_, asked) => expect(activePrincipal(reviewedUser(asked))).toBeUndefined());
  test('what the authenticator reported is taken', () => {
    expect(activePrincipal(reviewedUser(user))?.principalId).toBe('AROAOPS');
  });
});

test.each([[['Ada', 'ada']], [['ada', 'Ada']]])(
  'of entries that differ in case alone, read as %j, the exact one names the user',
  (order) => {
    const entries = order.map((name) => ({
      ...opsEntry,
      principalArn: `arn:aws:iam::${account}:user/team/${name}`,
      principalId: 'AIDAADA',
      username: `entry of ${name}`,
    }));
    expect(resolveIdentity(ada, sources({ entries }))).toMatchObject({ user: { username: 'entry of ada' } });
  },
);
