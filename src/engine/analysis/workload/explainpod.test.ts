import { describe, expect, test } from 'vitest';
import { onlyIf, policyText, statement } from '../iamworld/testworld.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import { testArn, testClusterArn, testProvider, testRole } from '../testworld.ts';
import {
  account,
  app,
  association,
  explainIn,
  getObject,
  inShort,
  irsaTrust,
  issuerHost,
  podTrust,
  podWorld,
  reads,
  sub,
  testPod,
} from './testworld.ts';

const annotated: Partial<SnapshotCluster> = { serviceAccounts: [{ ...account, roleArn: app }] };
const associated: Partial<SnapshotCluster> = { podIdentityAssociations: [association] };
const other = 'oidc.eks.us-east-1.amazonaws.com/id/FEDCBA';

describe('IRSA', () => {
  test.for<[string, string, Parameters<typeof podWorld>]>([
    ['nothing', 'never mechanism noMechanism', [{ trustPolicy: irsaTrust(sub) }]],
    ['another subject', 'never trust implicitDeny', [{ trustPolicy: irsaTrust(`${sub}s`) }, annotated]],
    [
      'another namespace',
      'never trust implicitDeny',
      [{ trustPolicy: irsaTrust('system:serviceaccount:prod:*', 'StringLike') }, annotated],
    ],
    [
      'a star that is no pattern',
      'never trust implicitDeny',
      [{ trustPolicy: irsaTrust('system:serviceaccount:dev:*') }, annotated],
    ],
    [
      'a role that is not there',
      'never role missingRole',
      [{ trustPolicy: irsaTrust(sub) }, { serviceAccounts: [{ ...account, roleArn: testArn('role/gone') }] }],
    ],
    [
      'a role of another path',
      'never role missingRole',
      [
        { trustPolicy: irsaTrust(sub) },
        { serviceAccounts: [{ ...account, roleArn: testArn('role/team/app') }] },
      ],
    ],
    [
      'no ARN',
      'never role notARole',
      [{ trustPolicy: irsaTrust(sub) }, { serviceAccounts: [{ ...account, roleArn: 'app' }] }],
    ],
    [
      'a provider of another cluster',
      'never provider otherIssuer',
      [{ trustPolicy: irsaTrust(sub, 'StringEquals', other) }, annotated],
    ],
    [
      'no provider',
      'never provider missingProvider',
      [{ trustPolicy: irsaTrust(sub) }, annotated, { oidcProviders: [testProvider(other)] }],
    ],
    [
      'no provider at all',
      'never provider missingProvider',
      [{ trustPolicy: irsaTrust(sub) }, annotated, { oidcProviders: [] }],
    ],
    [
      'a provider for others',
      'never provider otherAudience',
      [{ trustPolicy: irsaTrust(sub) }, annotated, { oidcProviders: [testProvider(issuerHost, ['vault'])] }],
    ],
    [
      'a role that may not read',
      'never decision implicitDeny',
      [{ trustPolicy: irsaTrust(sub), inlinePolicies: {} }, annotated],
    ],
    ['all that it takes', 'always', [{ trustPolicy: irsaTrust(sub) }, annotated]],
    [
      'a pattern',
      'always',
      [{ trustPolicy: irsaTrust('system:serviceaccount:dev:*', 'StringLike') }, annotated],
    ],
    [
      'associations that were not read',
      'sometimes mechanism irsa',
      [{ trustPolicy: irsaTrust(sub) }, annotated, { gaps: [{ area: 'podIdentity', reason: 'a test' }] }],
    ],
  ])('%s: %s', ([, expected, world]) => {
    const found = explainIn(podWorld(...world));
    expect(inShort(found)).toBe(expected);
    for (const { outcome, hint } of found.steps) if (outcome === 'failed') expect(hint).toBeDefined();
  });

  test('the condition that failed is told: what it compares, and with what', () => {
    const found = explainIn(
      podWorld({ trustPolicy: irsaTrust('system:serviceaccount:prod:api') }, annotated),
    );
    expect(found.steps.find(({ step }) => step === 'trust')?.misses[0]?.message).toBe(
      `statement 1 of the trust policy of role \`app\`: condition \`StringEquals\` on \`${issuerHost}:sub\` compares with ` +
        `\`system:serviceaccount:prod:api\`, and the request has \`${sub}\``,
    );
  });
});

describe('Pod Identity', () => {
  const tag = (name: string, value: string) => onlyIf('StringEquals', `aws:RequestTag/${name}`, value);
  test.for<[string, string, Parameters<typeof podWorld>]>([
    ['a role for others', 'never trust implicitDeny', [{ trustPolicy: irsaTrust(sub) }, associated]],
    [
      'without tags',
      'never trust implicitDeny',
      [{ trustPolicy: podTrust({}, ['sts:AssumeRole']) }, associated],
    ],
    [
      'of another namespace',
      'never trust implicitDeny',
      [{ trustPolicy: podTrust(tag('kubernetes-namespace', 'prod')) }, associated],
    ],
    [
      'for another cluster',
      'never trust implicitDeny',
      [{ trustPolicy: podTrust(onlyIf('ArnEquals', 'aws:SourceArn', `${testClusterArn}2`)) }, associated],
    ],
    [
      'for its cluster',
      'always',
      [{ trustPolicy: podTrust(onlyIf('ArnEquals', 'aws:SourceArn', testClusterArn)) }, associated],
    ],
    [
      'a role that is not there',
      'never role missingRole',
      [
        { trustPolicy: podTrust() },
        { podIdentityAssociations: [{ ...association, roleArn: testArn('role/gone') }] },
      ],
    ],
    [
      'an account that is not there',
      'never pod missingServiceAccount',
      [{ trustPolicy: podTrust() }, { ...associated, serviceAccounts: [] }],
    ],
    [
      'a session policy',
      'never decision implicitDeny',
      [
        { trustPolicy: podTrust() },
        {
          podIdentityAssociations: [
            {
              ...association,
              disableSessionTags: true,
              policy: policyText(statement('Allow', 's3:PutObject')),
            },
          ],
        },
      ],
    ],
    [
      'a tag of another namespace',
      'never decision implicitDeny',
      [
        {
          trustPolicy: podTrust(),
          inlinePolicies: {
            reads: policyText({
              ...statement('Allow', 's3:*'),
              ...onlyIf('StringEquals', 'aws:PrincipalTag/kubernetes-namespace', 'prod'),
            }),
          },
        },
        associated,
      ],
    ],
    ['all that it takes', 'always', [{ trustPolicy: podTrust() }, associated]],
    [
      'over IRSA',
      'always',
      [
        { trustPolicy: podTrust() },
        { ...associated, serviceAccounts: [{ ...account, roleArn: testArn('role/other') }] },
      ],
    ],
    [
      'no tags, and none wanted',
      'always',
      [
        { trustPolicy: podTrust({}, ['sts:AssumeRole']) },
        { podIdentityAssociations: [{ ...association, disableSessionTags: true }] },
      ],
    ],
    [
      'a tag of its namespace',
      'always',
      [
        {
          trustPolicy: podTrust(),
          inlinePolicies: {
            reads: policyText({
              ...statement('Allow', 's3:*'),
              ...onlyIf('StringEquals', 'aws:PrincipalTag/kubernetes-namespace', 'dev'),
            }),
          },
        },
        associated,
      ],
    ],
    [
      'a tag of its pod',
      'sometimes decision depends',
      [
        {
          trustPolicy: podTrust(),
          inlinePolicies: {
            reads: policyText({
              ...statement('Allow', 's3:*'),
              ...onlyIf('StringEquals', 'aws:PrincipalTag/kubernetes-pod-name', 'web'),
            }),
          },
        },
        associated,
      ],
    ],
  ])('%s: %s', ([, expected, world]) => {
    expect(inShort(explainIn(podWorld(...world)))).toBe(expected);
  });

  const target = testArn('role/target');
  const trustsApp = (more: object = {}) =>
    policyText({
      Effect: 'Allow',
      Principal: { AWS: app },
      Action: ['sts:AssumeRole', 'sts:TagSession'],
      ...more,
    });
  const mayAssume = policyText(
    statement('Allow', ['sts:AssumeRole', 'sts:TagSession'], { Resource: target }),
  );
  test.for<[string, string, string, string]>([
    ['not allowed by its own policies', 'never target implicitDeny', '', trustsApp()],
    ['not trusted', 'never target implicitDeny', mayAssume, podTrust()],
    [
      'another external id',
      'never target implicitDeny',
      mayAssume,
      trustsApp(onlyIf('StringEquals', 'sts:ExternalId', 'x')),
    ],
    [
      'from both sides',
      'always',
      mayAssume,
      trustsApp(onlyIf('StringEquals', 'sts:ExternalId', 'us/1/prod/dev/api')),
    ],
  ])('a target role: %s: %s', ([, expected, own, trustPolicy]) => {
    const roles = [
      testRole('app', { trustPolicy: podTrust(), inlinePolicies: own === '' ? {} : { own } }),
      testRole('target', {
        trustPolicy,
        inlinePolicies: reads,
        arn: target,
        trustedPrincipalIds: { [app]: 'AROAAPP' },
      }),
    ];
    const chain = { ...association, targetRoleArn: target, externalId: 'us/1/prod/dev/api' };
    const found = explainIn(podWorld({}, { podIdentityAssociations: [chain] }, { roles }));
    expect(inShort(found)).toBe(expected);
    if (expected === 'always') expect(found.credentials).toMatchObject({ roleArn: target, viaRoleArn: app });
    // From either side it is told what would allow it, and that does.
    else expect(found.changes[0]).toMatchObject({ certain: true });
  });
});

describe('a pod', () => {
  const irsaRole = { trustPolicy: irsaTrust(sub) };
  test.for<[string, string, Parameters<typeof testPod>[0], Partial<SnapshotCluster>]>([
    ['made before the annotation', 'never injection notInjected', {}, annotated],
    ['made before the association', 'never injection notInjected', {}, associated],
    ['told, and the association is gone', 'never mechanism noAssociation', { injectedPodIdentity: true }, {}],
    ['told, and the annotation is gone', 'always', { injectedRoleArn: app }, {}],
    [
      'told of another role than now',
      'always',
      { injectedRoleArn: app },
      { serviceAccounts: [{ ...account, roleArn: testArn('role/other') }] },
    ],
    ['told before the association', 'always', { injectedRoleArn: app }, associated],
    ['told', 'always', { injectedRoleArn: app }, annotated],
    ['told of an association', 'never trust implicitDeny', { injectedPodIdentity: true }, associated],
  ])('%s: %s', ([, expected, pod, cluster]) => {
    const world = podWorld(irsaRole, { ...cluster, pods: [testPod(pod)] });
    expect(inShort(explainIn(world, { who: 'dev/web' }))).toBe(expected);
  });

  test('its account is asked about where that is wanted, or no pod has the name', () => {
    const pods = [testPod({ name: 'api', serviceAccount: 'web' })];
    const serviceAccounts = [
      { ...account, roleArn: app },
      { namespace: 'dev', name: 'web' },
    ];
    const world = podWorld(irsaRole, { serviceAccounts, pods });
    expect(explainIn(world).allowed).toBe(false);
    expect(explainIn(world, { isAccount: true }).allowed).toBe(true);
    expect(explainIn(world, { who: 'ServiceAccount:dev/api' }).allowed).toBe(true);
    expect(() => explainIn(world, { who: 'dev/appi' })).toThrow(
      'there is no pod and no service account `appi`',
    );
    expect(() => explainIn(world, { who: 'api' })).toThrow('is no pod and no service account');
  });
});

test('what is nearly right, and what is not to be had, is told', () => {
  const gone = { serviceAccounts: [{ ...account, roleArn: testArn('role/ap') }] };
  const role = explainIn(podWorld({ trustPolicy: irsaTrust(sub) }, gone)).steps.find(
    ({ step }) => step === 'role',
  );
  expect(role?.misses).toEqual([{ code: 'nearName', message: `there is a role \`${app}\`` }]);
  const pod = testPod({ nodeName: 'fargate-ip-10-0-0-1', injectedPodIdentity: true });
  const world = podWorld({ trustPolicy: podTrust() }, { ...associated, pods: [pod] });
  expect(explainIn(world, { who: 'dev/web' }).notes.join()).toContain('use IRSA there');
});

test('a name that a shell would read as an option is none', () => {
  const world = podWorld({}, { pods: [testPod({ serviceAccount: '--server=https://evil' })] });
  expect(() => explainIn(world, { who: 'dev/web' })).toThrow('is no name of a service account');
  expect(() => explainIn(world, { who: 'dev/--all' })).toThrow('is no pod and no service account');
});

describe('what would allow it', () => {
  const commandsOf = (...world: Parameters<typeof podWorld>): readonly string[] =>
    explainIn(podWorld(...world), { who: world[1]?.pods ? 'dev/web' : 'dev/api' }).changes[0]?.commands ?? [];
  const start = (commands: readonly string[]): readonly string[] =>
    commands.map((command) =>
      command
        .split(' ')
        .slice(0, command.startsWith('kubectl') ? 4 : 3)
        .join(' '),
    );

  test.for<[string, readonly string[], Parameters<typeof podWorld>]>([
    ['an association', ['aws eks create-pod-identity-association'], [{ trustPolicy: podTrust() }]],
    ['an annotation', ['kubectl -n dev annotate'], [{ trustPolicy: irsaTrust(sub) }]],
    [
      'a trust policy',
      ['aws iam update-assume-role-policy'],
      [{ trustPolicy: irsaTrust(`${sub}s`) }, annotated],
    ],
    [
      'a provider',
      ['aws iam create-open-id-connect-provider'],
      [{ trustPolicy: irsaTrust(sub) }, annotated, { oidcProviders: [testProvider(other)] }],
    ],
    [
      'an audience',
      ['aws iam add-client-id-to-open-id-connect-provider'],
      [{ trustPolicy: irsaTrust(sub) }, annotated, { oidcProviders: [testProvider(issuerHost, ['vault'])] }],
    ],
    [
      'a provider and a trust policy',
      ['aws iam create-open-id-connect-provider', 'aws iam update-assume-role-policy'],
      [
        { trustPolicy: irsaTrust(sub, 'StringEquals', other) },
        annotated,
        { oidcProviders: [testProvider(other)] },
      ],
    ],
    [
      'a policy',
      ['aws iam put-role-policy'],
      [{ trustPolicy: irsaTrust(sub), inlinePolicies: {} }, annotated],
    ],
    [
      'the path of the role',
      ['kubectl -n dev annotate'],
      [
        { trustPolicy: irsaTrust(sub) },
        { serviceAccounts: [{ ...account, roleArn: testArn('role/x/app') }] },
      ],
    ],
    [
      'a session policy',
      ['aws eks update-pod-identity-association'],
      [
        { trustPolicy: podTrust() },
        {
          podIdentityAssociations: [
            {
              ...association,
              disableSessionTags: true,
              policy: policyText(statement('Allow', 's3:PutObject')),
            },
          ],
        },
      ],
    ],
    [
      'a new pod',
      ['kubectl -n dev delete'],
      [{ trustPolicy: podTrust() }, { ...associated, pods: [testPod()] }],
    ],
    [
      'an association and a new pod',
      ['aws eks create-pod-identity-association', 'kubectl -n dev delete'],
      [{ trustPolicy: podTrust() }, { pods: [testPod()] }],
    ],
    [
      'a service account',
      ['kubectl -n dev create'],
      [{ trustPolicy: podTrust() }, { ...associated, serviceAccounts: [] }],
    ],
    ['nothing, as nobody may', [], [{ trustPolicy: podTrust(), inlinePolicies: {} }]],
    [
      'nothing, against a deny',
      [],
      [{ trustPolicy: podTrust(), inlinePolicies: { no: policyText(statement('Deny', '*')) } }, associated],
    ],
  ])('%s: %s', ([, expected, world]) => {
    expect(start(commandsOf(...world))).toEqual(expected);
  });

  test('what else is to be known stands beside the answer', () => {
    const found = explainIn(podWorld({ trustPolicy: irsaTrust(sub) }));
    expect(found.notes.join()).toContain("the node's role, which is not judged here");
    expect(found.notes.join()).toContain('policies of `s3` resources themselves');
    const gap = { area: 'pods', reason: 'a test' } as const;
    expect(explainIn(podWorld({}, {}, { gaps: [gap] }), { call: getObject }).incomplete).toEqual([gap]);
  });
});
