import { describe, expect, test } from 'vitest';
import { event, roleArn, understand } from './testworld.ts';

describe('an audit event', () => {
  test('before its answer it tells nothing, and both later stages are one use', () => {
    const watch = event('watch', { resource: 'pods' }, { auditID: 'w' });
    const { uses } = understand(
      { ...watch, stage: 'RequestReceived' },
      { ...watch, stage: 'ResponseStarted' },
      watch,
    );
    expect(uses).toHaveLength(1);
  });

  test.each([
    [
      event('create', { resource: 'pods', namespace: 'dev', name: 'made-up' }),
      { resource: 'pods', namespace: 'dev', name: '' },
    ],
    [
      event('create', { resource: 'pods', subresource: 'exec', namespace: 'dev', name: 'p' }),
      { subresource: 'exec', name: 'p' },
    ],
    [
      event('get', { resource: 'deployments', apiGroup: 'apps', name: 'd' }),
      { apiGroup: 'apps', name: 'd', namespace: '' },
    ],
    [event('get', undefined), { kind: 'nonResource', path: '/metrics' }],
  ])('question %#', (record, question) =>
    expect(understand(record).uses).toMatchObject([{ did: { question } }]),
  );

  test('a refusal is one, and whoever was not authenticated is nobody', () => {
    const forbidden = event('get', { resource: 'pods' }, { responseStatus: { code: 403 }, annotations: {} });
    const stranger = event('get', { resource: 'pods' }, { responseStatus: { code: 401 }, annotations: {} });
    expect(understand(forbidden, stranger).uses).toMatchObject([{ allowed: false }]);
  });

  test('whoever was not let in asked for nothing that lacks, though no more than the path is told', () => {
    const unread = {
      requestURI: '/api/v1/namespaces/dev/pods',
      responseStatus: { code: 401 },
      annotations: {},
    };
    expect(understand(event('list', undefined, unread))).toEqual({ uses: [], gaps: [] });
  });

  test('a 401 of what a proxy leads to is a use all the same', () => {
    const target = { resource: 'pods', subresource: 'proxy', namespace: 'dev', name: 'p' };
    const record = event('get', target, {
      responseStatus: { code: 401 },
      annotations: { 'authorization.k8s.io/decision': 'allow' },
    });
    expect(understand(record).uses).toMatchObject([{ allowed: true }]);
  });

  test('impersonation is a use of the impersonator, and its extra names nobody', () => {
    const { uses } = understand(
      event(
        'get',
        { resource: 'pods' },
        {
          impersonatedUser: {
            username: 'system:serviceaccount:dev:sa',
            groups: ['system:serviceaccounts', 'system:authenticated', 'x'],
            extra: { canonicalArn: [roleArn] },
          },
        },
      ),
    );
    const said = uses.map(({ who, did }) => [
      who.username,
      who.principalArn,
      did.kind === 'kubernetes' && did.question,
    ]);
    expect(said).toMatchObject([
      ['ada', undefined, { verb: 'impersonate', resource: 'serviceaccounts', name: 'sa', namespace: 'dev' }],
      // Where a group is given, the server adds none of the accounts'.
      ['ada', undefined, { verb: 'impersonate', resource: 'groups', name: 'system:serviceaccounts' }],
      ['ada', undefined, { verb: 'impersonate', resource: 'groups', name: 'x' }],
      [
        'ada',
        undefined,
        { verb: 'impersonate', resource: 'userextras', subresource: 'canonicalArn', name: roleArn },
      ],
      ['system:serviceaccount:dev:sa', undefined, { verb: 'get', resource: 'pods' }],
    ]);
  });

  test('on EKS the extra keys name the principal', () => {
    const user = {
      username: 'x',
      extra: { canonicalArn: [roleArn], 'sigs.k8s.io/aws-iam-authenticator/principalId': ['AROAOPS'] },
    };
    expect(
      understand(event('get', { resource: 'pods' }, { user, annotations: undefined })).uses,
    ).toMatchObject([{ who: { principalArn: roleArn, principalId: 'AROAOPS' } }]);
  });

  test('the groups that the server gives to an impersonated account were asked of nobody', () => {
    const impersonatedUser = {
      username: 'system:serviceaccount:dev:sa',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:dev', 'system:authenticated'],
    };
    expect(understand(event('get', { resource: 'pods' }, { impersonatedUser })).uses).toMatchObject([
      { did: { question: { verb: 'impersonate', resource: 'serviceaccounts' } } },
      { who: { impersonated: true }, did: { question: { verb: 'get' } } },
    ]);
  });

  test('whoever was refused something as somebody else did use that impersonation', () => {
    const refused = event(
      'get',
      { resource: 'secrets' },
      {
        impersonatedUser: { username: 'bob' },
        responseStatus: { code: 403 },
        annotations: { 'authorization.k8s.io/decision': 'forbid' },
      },
    );
    expect(understand(refused).uses).toMatchObject([
      { allowed: true, who: { username: 'ada' }, did: { question: { verb: 'impersonate', name: 'bob' } } },
      { allowed: false, who: { username: 'bob' } },
    ]);
  });

  test.each([
    [
      'users "bob" is forbidden: User "ada" cannot impersonate resource "users" in API group "" at the cluster scope',
      { verb: 'impersonate', apiGroup: '', resource: 'users', name: 'bob', namespace: '' },
    ],
    [
      'serviceaccounts "sa" is forbidden: User "ada" cannot impersonate resource "serviceaccounts" in API group "" in the namespace "dev"',
      { verb: 'impersonate', resource: 'serviceaccounts', name: 'sa', namespace: 'dev' },
    ],
    [
      'userextras.authentication.k8s.io "v" is forbidden: User "ada" cannot impersonate resource "userextras/a.example/k" in API group "authentication.k8s.io" at the cluster scope: why',
      { resource: 'userextras', subresource: 'a.example/k', name: 'v' },
    ],
    [
      'pods is forbidden: User "ada" cannot impersonate-on:user-info:list resource "pods" in API group "" in the namespace "dev"',
      { verb: 'impersonate-on:user-info:list', resource: 'pods', name: '', namespace: 'dev' },
    ],
    [
      'forbidden: User "ada" cannot impersonate-on:user-info:get path "/api"',
      { kind: 'nonResource', verb: 'impersonate-on:user-info:get', path: '/api' },
    ],
  ])('a refused impersonation is what was asked for, by the message: %s', (message, question) => {
    const refused = event('list', { resource: 'pods' }, { responseStatus: { code: 403, message } });
    expect(understand(refused).uses).toMatchObject([
      { allowed: false, who: { username: 'ada' }, did: { question } },
    ]);
  });

  test('a name in the message cannot pose as a refused impersonation', () => {
    const message =
      'pods "x\\" is forbidden: User \\"a\\" cannot impersonate resource \\"users" is forbidden: User "ada" cannot get resource "pods" in API group "" at the cluster scope';
    const refused = event('get', { resource: 'pods' }, { responseStatus: { code: 403, message } });
    expect(understand(refused).uses).toMatchObject([
      { did: { question: { verb: 'get', resource: 'pods' } } },
    ]);
  });

  test.each([
    [
      'user-info',
      'bob',
      [
        ['impersonate-on:user-info:get', '', 'pods', ''],
        ['impersonate:user-info', 'authentication.k8s.io', 'users', 'bob'],
      ],
    ],
    [
      'arbitrary-node',
      'system:node:n1',
      [
        ['impersonate-on:arbitrary-node:get', '', 'pods', ''],
        ['impersonate:arbitrary-node', 'authentication.k8s.io', 'nodes', 'n1'],
      ],
    ],
    [
      'associated-node',
      'system:node:n1',
      [
        ['impersonate-on:associated-node:get', '', 'pods', ''],
        ['impersonate:associated-node', 'authentication.k8s.io', 'nodes', '*'],
      ],
    ],
  ])(
    'constrained impersonation by %s is its own two verbs (kubernetes-facts A17)',
    (mode, username, asked) => {
      const { uses } = understand(
        event(
          'get',
          { resource: 'pods' },
          {
            impersonatedUser: { username, groups: ['system:authenticated'] },
            authenticationMetadata: { impersonationConstraint: `impersonate:${mode}` },
          },
        ),
      );
      const said = uses.flatMap(({ did }) =>
        did.kind === 'kubernetes' && did.question.kind === 'resource' ? [did.question] : [],
      );
      expect(
        said.slice(0, -1).map(({ verb, apiGroup, resource, name }) => [verb, apiGroup, resource, name]),
      ).toEqual(asked);
      expect(said.at(-1)).toMatchObject({ verb: 'get', resource: 'pods' });
    },
  );

  test.each(['patch', 'update'])('a %s of what was not there takes create of that name as well', (verb) => {
    const made = event(verb, { resource: 'pods', name: 'p' }, { responseStatus: { code: 201 } });
    expect(understand(made).uses).toMatchObject([
      { did: { question: { verb, name: 'p' } } },
      { did: { question: { verb: 'create', name: 'p' } } },
    ]);
    expect(understand(event(verb, { resource: 'pods', name: 'p' })).uses).toHaveLength(1);
  });

  test('requests under an audit id that the client chose do not hide each other', () => {
    const one = event('get', { resource: 'pods' }, { auditID: 'mine', requestURI: '/api/v1/pods/a' });
    const other = event('get', { resource: 'secrets' }, { auditID: 'mine', requestURI: '/api/v1/secrets/a' });
    expect(understand(one, other, one).uses).toHaveLength(2);
  });

  test.each<[string, object]>([
    ['whether the request was allowed', { responseStatus: undefined, annotations: undefined }],
    ['whether the request was allowed', { responseStatus: { code: '403' }, annotations: { x: 'y' } }],
    ['no time', { requestReceivedTimestamp: 'yesterday', stageTimestamp: '7' }],
    ['no time', { requestReceivedTimestamp: '2026-11-20 10:00:00' }],
    ['is no text', { objectRef: { resource: 'pods', subresource: ['exec'] } }],
    ['is no text', { objectRef: { resource: 'pods', namespace: 7 } }],
    ['nor its path', { objectRef: 'pods', requestURI: '/api/v1/namespaces/dev/pods' }],
    ['nor its path', { objectRef: undefined, requestURI: '/apis/apps/v1/deployments?watch=true' }],
    ['nor its path', { verb: '' }],
  ])('%s: %j is a gap, never a use', (reason, change) => {
    const { uses, gaps } = understand(event('get', { resource: 'pods' }, change));
    expect({ uses, gaps }).toEqual({ uses: [], gaps: [expect.stringContaining(reason)] });
  });

  test.each(['/api', '/api/v1', '/apis/apps/v1', '/metrics/x/y/z', '/apis/apps/v1/'])(
    '%s is judged as a path',
    (requestURI) =>
      expect(understand(event('get', undefined, { requestURI })).uses).toMatchObject([
        { did: { question: { kind: 'nonResource', path: requestURI } } },
      ]),
  );
});
