import { describe, expect, test } from 'vitest';
import { alertRules } from './catalogue.ts';
import { createAlertEngine, longestWindowMs } from './engine.ts';
import { idOf, type TrailEvent } from './event.ts';
import { call, kubernetes, roleIdentity, rootIdentity } from './fixture.ts';

/** Rule numbers of the alerts that these events raise, in order. */
function raised(...events: readonly TrailEvent[]): readonly string[] {
  const engine = createAlertEngine();
  return events.flatMap((event) => engine.observe(event)).map(({ ruleId }) => ruleId.slice(-3));
}

const times = (count: number, make: (i: number) => TrailEvent): readonly TrailEvent[] =>
  Array.from({ length: count }, (_, i) => make(i));

const parameters = (requestParameters: object, more: object = {}) => ({ requestParameters, ...more });
const role = 'arn:aws:iam::111122223333:role/ops';
const denied = { errorCode: 'AccessDenied', errorMessage: 'no' };
const policy = (name: string) => `arn:aws:eks::aws:cluster-access-policy/${name}`;
const allow = (statement: object) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
const association = (policyArn: string, accessScope?: object) =>
  call(
    'eks:AssociateAccessPolicy',
    parameters({
      name: 'prod',
      principalArn: 'arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fdev',
      policyArn,
      ...(accessScope && { accessScope }),
    }),
  );

describe('nothing is alerted by', () => {
  test.each<readonly [string, TrailEvent]>([
    ['a read', call('eks:ListClusters', { readOnly: true })],
    ['a record that is empty', { kind: 'aws', record: {} }],
    ['a Kubernetes record that is empty', { kind: 'kubernetes', record: {} }],
    [
      'a record of wrong kinds',
      { kind: 'aws', record: { userIdentity: 7, requestParameters: 'x', errorCode: [], eventName: {} } },
    ],
    ['a view policy', association(policy('AmazonEKSViewPolicy'), { type: 'cluster' })],
    [
      'an administrator of one namespace',
      association(policy('AmazonEKSAdminPolicy'), { type: 'namespace', namespaces: ['a'] }),
    ],
    [
      'an entry with a plain group',
      call('eks:CreateAccessEntry', parameters({ kubernetesGroups: ['viewers'] })),
    ],
    ['an update that leaves the mode alone', call('eks:UpdateClusterConfig', parameters({ name: 'prod' }))],
    [
      'a mode change that was refused',
      call('eks:UpdateClusterConfig', parameters({ accessConfig: { authenticationMode: 'API' } }, denied)),
    ],
    ['a key for oneself', call('iam:CreateAccessKey')],
    ['a key for oneself by name', call('iam:CreateAccessKey', parameters({ userName: 'alice' }))],
    [
      'a role entered in its own account',
      call('sts:AssumeRole', parameters({ roleArn: 'arn:aws:iam::111122223333:role/dev' })),
    ],
    ['reading aws-auth', kubernetes('get configmaps kube-system/aws-auth')],
    ['a refused write of aws-auth', kubernetes('update configmaps kube-system/aws-auth', {}, 403)],
    ['aws-auth of another namespace', kubernetes('update configmaps default/aws-auth')],
    ['another ConfigMap of kube-system', kubernetes('update configmaps kube-system/coredns')],
    ['one refused call', call('eks:ListClusters', denied)],
    ['a trust policy read', call('iam:GetRole')],
    [
      'somebody an entry maps',
      kubernetes('get pods a/b', { annotations: { 'entryway/mapped-by': `accessEntry breakGlass ${role}` } }),
    ],
    [
      'a break-glass principal that was refused',
      call('entryway:PutBreakGlassPrincipal', {
        eventSource: 'entryway',
        errorCode: 'InvalidParameterException',
      }),
    ],
    [
      'an operation of ours that a policy must allow and none does',
      call('entryway:ListBlocks', { eventSource: 'entryway', ...denied }),
    ],
    ['looking up events', call('cloudtrail:LookupEvents', { readOnly: true })],
  ])('%s', (_, event) => {
    expect(raised(event)).toEqual([]);
  });
});

test.each<readonly [string, TrailEvent, readonly string[]]>([
  ['root is used', call('eks:ListClusters', { userIdentity: rootIdentity }), ['001']],
  ['root fails, too', call('eks:ListClusters', { userIdentity: rootIdentity, ...denied }), ['001']],
  ['root makes itself a key', call('iam:CreateAccessKey', { userIdentity: rootIdentity }), ['001', '002']],
  ['a user makes a key for another', call('iam:CreateAccessKey', parameters({ userName: 'bob' })), ['003']],
  [
    'a role makes a key for a user',
    call('iam:CreateAccessKey', parameters({ userName: 'bob' }, { userIdentity: roleIdentity('ops', 'x') })),
    ['003'],
  ],
  [
    'an MFA device is deactivated',
    call('iam:DeactivateMFADevice', parameters({ serialNumber: 'x' })),
    ['004'],
  ],
  [
    'an MFA device is deleted',
    call('iam:DeleteVirtualMFADevice', parameters({ serialNumber: 'x' })),
    ['004'],
  ],
  ['a provider is added', call('iam:CreateOpenIDConnectProvider', parameters({ url: 'https://x' })), ['005']],
  [
    'keys are handed over for a cluster',
    call('entryway:SetClusterIssuer', {
      ...{ eventSource: 'entryway', requestParameters: { clusterName: 'edge', issuer: 'https://x' } },
    }),
    ['005'],
  ],
  [
    'a role is entered from outside',
    call('sts:AssumeRole', parameters({ roleArn: 'arn:aws:iam::444455556666:role/dev' })),
    ['006'],
  ],
  [
    'a policy is attached',
    call('iam:AttachRolePolicy', parameters({ roleName: 'dev', policyArn: policy('x') })),
    ['010'],
  ],
  [
    'the administrator policy is attached',
    call(
      'iam:AttachUserPolicy',
      parameters({ userName: 'bob', policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' }),
    ),
    ['010', '011'],
  ],
  [
    'everything is allowed inline',
    call(
      'iam:PutUserPolicy',
      parameters({ userName: 'bob', policyDocument: allow({ Action: '*', Resource: '*' }) }),
    ),
    ['010', '011'],
  ],
  [
    'everything in IAM is allowed by a new policy',
    call('iam:CreatePolicy', parameters({ policyDocument: allow({ Action: ['IAM:*'], Resource: ['*'] }) })),
    ['011'],
  ],
  [
    'all but something is allowed',
    call('iam:CreatePolicy', parameters({ policyDocument: allow({ NotAction: 'iam:*', Resource: '*' }) })),
    ['011'],
  ],
  [
    'a document that is cut off may allow everything',
    call('iam:PutRolePolicy', parameters({ roleName: 'x', policyDocument: '{"Statement":[…' })),
    ['010', '011'],
  ],
  [
    'a document that is left out may allow everything',
    call('iam:CreatePolicyVersion', parameters({ omitted: true })),
    ['010', '011'],
  ],
  [
    'a trust policy that is cut off may trust everybody',
    call('iam:UpdateAssumeRolePolicy', parameters({ roleName: 'x', policyDocument: '{"Statement":[…' })),
    ['012', '013'],
  ],
  [
    'a plain inline policy',
    call(
      'iam:PutRolePolicy',
      parameters({ roleName: 'x', policyDocument: allow({ Action: 'eks:*', Resource: '*' }) }),
    ),
    ['010'],
  ],
  [
    'a trust policy changes',
    call('iam:UpdateAssumeRolePolicy', parameters({ roleName: 'x', policyDocument: '{}' })),
    ['012'],
  ],
  [
    'a new role trusts everybody',
    call(
      'iam:CreateRole',
      parameters({
        roleName: 'x',
        assumeRolePolicyDocument: allow({ Principal: { AWS: ['*'] }, Action: 'sts:AssumeRole' }),
      }),
    ),
    ['013'],
  ],
  [
    'a role comes to trust everybody',
    call(
      'iam:UpdateAssumeRolePolicy',
      parameters({ roleName: 'x', policyDocument: allow({ Principal: '*', Action: 'sts:AssumeRole' }) }),
    ),
    ['012', '013'],
  ],
  [
    'trust of everybody on a condition is only a change',
    call(
      'iam:UpdateAssumeRolePolicy',
      parameters({ roleName: 'x', policyDocument: allow({ Principal: '*', Condition: { Bool: {} } }) }),
    ),
    ['012'],
  ],
  ['a boundary goes', call('iam:DeleteRolePermissionsBoundary', parameters({ roleName: 'x' })), ['014']],
  [
    'sessions are revoked',
    call(
      'iam:PutRolePolicy',
      parameters({
        roleName: 'x',
        policyDocument: JSON.stringify({
          Statement: [
            {
              Effect: 'Deny',
              Action: '*',
              Resource: '*',
              Condition: { DateLessThan: { 'aws:TokenIssueTime': 'x' } },
            },
          ],
        }),
      }),
    ),
    ['010', '015'],
  ],
  [
    'a cluster administrator',
    association(policy('AmazonEKSClusterAdminPolicy'), { type: 'cluster' }),
    ['020'],
  ],
  [
    'an administrator of the whole cluster',
    association(policy('AmazonEKSAdminPolicy'), { type: 'cluster' }),
    ['020'],
  ],
  ['an administrator of an unknown scope', association(policy('AmazonEKSAdminPolicy')), ['020']],
  [
    'an administrator for a while, by our own operation',
    call('entryway:AssociateAccessPolicy', {
      eventSource: 'entryway',
      ...parameters({
        clusterName: 'prod',
        principalArn: role,
        policyArn: policy('AmazonEKSClusterAdminPolicy'),
        accessScope: { type: 'cluster' },
        expiresAt: 1,
      }),
    }),
    ['020'],
  ],
  [
    'a group of administrators',
    call('eks:CreateAccessEntry', parameters({ name: 'prod', kubernetesGroups: ['team', 'cluster-admins'] })),
    ['021'],
  ],
  [
    'an attempt on system:masters',
    call(
      'eks:UpdateAccessEntry',
      parameters({ kubernetesGroups: ['system:masters'] }, { errorCode: 'InvalidParameterException' }),
    ),
    ['021'],
  ],
  ['a creator who is administrator', call('eks:CreateCluster', parameters({ name: 'prod' })), ['022']],
  [
    'the mode changes',
    call(
      'eks:UpdateClusterConfig',
      parameters({ name: 'prod', accessConfig: { authenticationMode: 'API' } }),
    ),
    ['023'],
  ],
  [
    'a provider of a cluster',
    call('eks:AssociateIdentityProviderConfig', parameters({ name: 'prod' })),
    ['024'],
  ],
  ['aws-auth is patched', kubernetes('patch configmaps kube-system/aws-auth'), ['025']],
  ['aws-auth may be among the deleted', kubernetes('deletecollection configmaps kube-system/'), ['025']],
  ['a cluster role binding', kubernetes('create clusterrolebindings x', {}, 201), ['026']],
  [
    'impersonation of masters',
    kubernetes('get pods a/b', { impersonatedUser: { username: 'x', groups: ['system:masters'] } }),
    ['027'],
  ],
  [
    'a break-glass principal comes, and goes on',
    kubernetes('get pods a/b', { annotations: { 'entryway/mapped-by': `breakGlass ${role}` } }),
    ['028'],
  ],
  [
    'a break-glass principal is set',
    call('entryway:PutBreakGlassPrincipal', {
      eventSource: 'entryway',
      ...parameters({ clusterName: 'prod', principalArn: role, reason: 'pager' }),
    }),
    ['029'],
  ],
  [
    'a break-glass principal is taken away',
    call('entryway:DeleteBreakGlassPrincipal', {
      eventSource: 'entryway',
      ...parameters({ clusterName: 'prod' }),
    }),
    ['029'],
  ],
  ['the trail is stopped', call('cloudtrail:StopLogging'), ['030']],
  [
    'the trail is damaged',
    call('entryway:TrailDamaged', {
      eventSource: 'entryway',
      additionalEventData: { entryway: { damaged: { sequence: 7, what: 'chain' } } },
    }),
    ['040'],
  ],
  [
    'records were lost',
    call('x:Notice', {
      eventSource: 'entryway',
      additionalEventData: { entryway: { lost: { count: 3, from: 'a', to: 'b' } } },
    }),
    ['037'],
  ],
  [
    'refusals were only counted',
    call('x:Notice', { additionalEventData: { entryway: { unrecordedRefusals: { count: 3 } } } }),
    ['038'],
  ],
  [
    'somebody else asks for the trail',
    call('entryway:ReadTrail', { eventSource: 'entryway', errorCode: 'AccessDenied' }),
    ['039'],
  ],
  [
    'somebody tries to set who breaks the glass',
    call('entryway:PutBreakGlassPrincipal', { eventSource: 'entryway', ...denied }),
    ['029'],
  ],
  ['somebody tries to stop the trail', call('cloudtrail:StopLogging', denied), ['030']],
])('%s', (_, event, rules) => {
  expect(raised(event)).toEqual(rules);
});

describe('counting', () => {
  const wrongKey = (i: number, fields: object = {}) =>
    call('sts:GetCallerIdentity', {
      userIdentity: { type: 'Unknown', accessKeyId: `AKIA${i}` },
      errorCode: 'InvalidClientTokenId',
      ...fields,
    });

  test('nine failures are not ten', () => {
    expect(raised(...times(9, (i) => wrongKey(i)))).toEqual([]);
    expect(raised(...times(30, (i) => wrongKey(i)))).toEqual(['031']);
  });

  test('failures of a key count from wherever they come', () => {
    expect(raised(...times(6, (i) => wrongKey(1, { sourceIPAddress: `192.0.2.${i}` })))).toEqual(['032']);
  });

  test('AWS calls and cluster tokens of one address count together', () => {
    const annotations = { 'entryway/authentication': 'unknownAccessKey' };
    const token = () => kubernetes('get pods a/b', { user: {}, annotations }, 401);
    expect(raised(...times(5, (i) => wrongKey(i)), ...times(5, token))).toEqual(['031']);
  });

  test('failures far apart are not a burst', () => {
    const at = (i: number) => ({ eventTime: new Date(Date.UTC(2026, 0, 15, 12, i)).toISOString() });
    expect(raised(...times(40, (i) => wrongKey(i, at(i))))).toEqual([]);
  });

  test('the same call denied again and again is a burst; different calls are a search', () => {
    const one = () => call('eks:ListClusters', denied);
    expect(raised(...times(20, one))).toEqual(['034']);
    const other = (i: number) => call(`iam:List${i}`, { errorCode: 'AccessDeniedException' });
    expect(raised(...times(10, other))).toEqual(['035']);
  });

  test('sessions of one role count as one principal', () => {
    const session = (i: number) =>
      call('eks:ListClusters', { userIdentity: roleIdentity('dev', `s${i}`), ...denied });
    expect(raised(...times(20, session))).toEqual(['034']);
  });

  test('wrong MFA codes', () => {
    const wrong = () =>
      call('sts:GetSessionToken', {
        errorCode: 'AccessDenied',
        errorMessage: 'MultiFactorAuthentication failed with invalid MFA one time pass code. ',
      });
    expect(raised(...times(4, wrong))).toEqual(['033']);
  });

  test('refused Kubernetes requests of somebody we know, also where they have no access at all', () => {
    expect(raised(...times(30, () => kubernetes('get secrets a/b', {}, 403)))).toEqual(['036']);
    const annotations = { 'entryway/authentication': 'noMapping', 'entryway/principal-id': 'AROAX' };
    expect(raised(...times(30, () => kubernetes('get pods a/b', { annotations }, 401)))).toEqual(['036']);
  });

  test('requests without any credential are nobody’s attempt', () => {
    const annotations = { 'entryway/authentication': 'none' };
    expect(raised(...times(50, () => kubernetes('get pods a/b', { annotations, user: {} }, 401)))).toEqual(
      [],
    );
  });

  test('root is told once an hour for each account', () => {
    const root = (minute: number, recipientAccountId = '111122223333') =>
      call('eks:ListClusters', {
        userIdentity: rootIdentity,
        recipientAccountId,
        eventTime: new Date(Date.UTC(2026, 0, 15, 12, minute)).toISOString(),
      });
    expect(raised(root(0), root(30), root(59))).toEqual(['001']);
    expect(raised(root(0), root(60))).toEqual(['001', '001']);
    expect(raised(root(0), root(1, '444455556666'))).toEqual(['001', '001']);
  });

  test('a flood of subjects is bounded, told, and does not push out who is counted', () => {
    const engine = createAlertEngine({ subjects: 100 });
    const observe = (events: readonly TrailEvent[]) => events.flatMap((event) => engine.observe(event));
    const victim = (i: number) => wrongKey(1, { sourceIPAddress: `203.0.113.${i}` });
    expect(observe(times(4, victim))).toEqual([]);
    const flood = observe(times(500, (i) => wrongKey(i + 10, { sourceIPAddress: `198.51.${i}.1` })));
    expect(flood.map(({ ruleId, subject }) => [ruleId.slice(-3), subject])).toEqual([
      ['031', '(others)'],
      ['032', '(others)'],
    ]);
    expect(observe([victim(5)]).map(({ ruleId }) => ruleId.slice(-3))).toEqual(['032']);
  });

  test('a clock that stood in the future does not blind the count', () => {
    const future = wrongKey(0, { eventTime: '2036-01-01T00:00:00Z' });
    expect(raised(future, ...times(10, (i) => wrongKey(i)))).toEqual(['031']);
  });
});

test('the same finding read again has the same id, another has another', () => {
  const events = [...times(10, (i) => call(`iam:List${i}`, denied)), call('cloudtrail:StopLogging')];
  const read = (list: readonly TrailEvent[]) => {
    const engine = createAlertEngine();
    return list.flatMap((event) => engine.observe(event)).map(({ id }) => id);
  };
  const once = read(events);
  expect(new Set(once).size).toBe(2);
  expect(read(events)).toEqual(once);
  expect(read([call('cloudtrail:StopLogging')])).not.toEqual([once[1]]);
});

test('an alert says who, what and what to look at', () => {
  const engine = createAlertEngine();
  const event = association(policy('AmazonEKSClusterAdminPolicy'), { type: 'cluster' });
  expect(engine.observe(event)).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      ruleId: 'EW-TRAIL-020',
      severity: 'high',
      title: 'Somebody became administrator of a cluster',
      time: '2026-01-15T12:00:00.000Z',
      subject: 'prod arn:aws:iam::111122223333:role/dev',
      summary:
        'arn:aws:iam::111122223333:user/alice gave arn:aws:iam::111122223333:role/dev AmazonEKSClusterAdminPolicy on cluster prod',
      why: expect.any(String),
      look: expect.any(String),
      event: {
        kind: 'aws',
        id: idOf(event),
        name: 'AssociateAccessPolicy',
        actor: 'arn:aws:iam::111122223333:user/alice',
        sourceIp: '192.0.2.1',
      },
    },
  ]);
});

test('ids are unique and ordered, and every window divides the longest', () => {
  const ids = alertRules.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort());
  for (const rule of alertRules) {
    expect(rule.id).toMatch(/^EW-TRAIL-\d{3}$/);
    if (rule.kind === 'count') expect(longestWindowMs % rule.windowMs).toBe(0);
  }
});
