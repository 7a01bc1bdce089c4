import { describe, expect, test } from 'vitest';
import { pod, role, roleArn, situation } from '../../../test/podcredentials.ts';
import { credentialAccountOf, credentialsOf, type PodSituation } from './credentials.ts';
import { agentUri } from './names.ts';

describe('which credentials a pod gets', () => {
  test.each<readonly [string, Partial<PodSituation>]>([
    ['an account that says nothing', {}],
    ['an account that is not known', { accountAnnotations: undefined }],
    ['an empty role', { accountAnnotations: { 'eks.amazonaws.com/role-arn': '' } }],
    ['a role that is no text', { accountAnnotations: { 'eks.amazonaws.com/role-arn': 1 } }],
    ['no account', { isAssociated: true, pod: pod({ serviceAccountName: '' }) }],
    ['a role of the pod’s own annotation', { pod: pod({ metadata: { annotations: role } }) }],
    [
      'a mirror pod',
      { isAssociated: true, pod: pod({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'x' } } }) },
    ],
    [
      'a pod that is not to be looked at',
      {
        isAssociated: true,
        accountAnnotations: role,
        pod: pod({ metadata: { labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': '' } } }),
      },
    ],
    ['no pod at all', { isAssociated: true, accountAnnotations: role, pod: 'nonsense' }],
  ])('none: %s', (_, change) => {
    expect(credentialsOf(situation(change))).toEqual({ terms: undefined, warnings: [] });
  });

  test('the account is told for pods that may get some', () => {
    expect(credentialAccountOf(pod())).toBe('app');
    expect(credentialAccountOf(pod({ serviceAccountName: '' }))).toBeUndefined();
    expect(credentialAccountOf(null)).toBeUndefined();
  });

  test('the role of the account, by web identity', () => {
    expect(credentialsOf(situation({ accountAnnotations: role }))).toEqual({
      terms: {
        mechanism: 'webIdentity',
        roleArn,
        audience: 'sts.amazonaws.com',
        expirationSeconds: 86_400,
        region: 'eu-central-1',
        regionalEndpoints: true,
        skippedContainers: [],
      },
      warnings: [],
    });
  });

  test('Pod Identity goes before the role of the account, and takes no audience of it', () => {
    const annotations = { ...role, 'eks.amazonaws.com/audience': 'elsewhere' };
    expect(credentialsOf(situation({ isAssociated: true, accountAnnotations: annotations }))).toEqual({
      terms: {
        mechanism: 'podIdentity',
        agentUri,
        audience: 'pods.eks.amazonaws.com',
        expirationSeconds: 79_200,
        region: 'eu-central-1',
        regionalEndpoints: true,
        skippedContainers: [],
      },
      warnings: [],
    });
  });

  test('an association needs nothing of the account; what that may say is then not said', () => {
    const { terms } = credentialsOf(situation({ isAssociated: true, accountAnnotations: undefined }));
    expect(terms).toMatchObject({ mechanism: 'podIdentity', regionalEndpoints: false });
  });

  test('a role that is no ARN is given to the pod all the same, and told', () => {
    expect(
      credentialsOf(situation({ accountAnnotations: { 'eks.amazonaws.com/role-arn': 'reader' } })),
    ).toMatchObject({
      terms: { roleArn: 'reader' },
      warnings: ['`eks.amazonaws.com/role-arn` of the service account is not the ARN of a role'],
    });
  });

  test.each([
    [undefined, 'sts.amazonaws.com', 0],
    ['spiffe', 'spiffe', 0],
    ['', 'sts.amazonaws.com', 1],
  ])('audience %j is %s', (said, audience, warnings) => {
    const annotations = { ...role, ...(said !== undefined && { 'eks.amazonaws.com/audience': said }) };
    const credentials = credentialsOf(situation({ accountAnnotations: annotations }));
    expect([credentials.terms?.audience, credentials.warnings.length]).toEqual([audience, warnings]);
  });

  test.each([
    ['true', true, 0],
    ['T', true, 0],
    ['1', true, 0],
    ['false', false, 0],
    ['FALSE', false, 0],
    ['0', false, 0],
    ['no', true, 1],
    ['tRuE', true, 1],
    ['', true, 1],
  ])('regional endpoints %j are %s', (said, expected, warnings) => {
    const annotations = { ...role, 'eks.amazonaws.com/sts-regional-endpoints': said };
    const credentials = credentialsOf(situation({ accountAnnotations: annotations }));
    expect([credentials.terms?.regionalEndpoints, credentials.warnings.length]).toEqual([expected, warnings]);
  });
});

describe('how long a token lives', () => {
  const seconds = (change: {
    readonly pod?: string;
    readonly account?: string;
    readonly random?: number;
    readonly isAssociated?: boolean;
  }) => {
    const annotated = (said: string | undefined) =>
      said === undefined ? {} : { 'eks.amazonaws.com/token-expiration': said };
    const credentials = credentialsOf(
      situation({
        pod: pod({ metadata: { annotations: annotated(change.pod) } }),
        accountAnnotations: { ...role, ...annotated(change.account) },
        isAssociated: change.isAssociated ?? false,
        random: () => change.random ?? 0,
      }),
    );
    return [credentials.terms?.expirationSeconds, credentials.warnings.length];
  };
  test.each([
    ['of nobody: a day', {}, 86_400, 0],
    ['of the account', { account: '7200' }, 7200, 0],
    ['of the pod before the account', { pod: '900', account: '7200' }, 900, 0],
    ['ten minutes', { pod: '600' }, 600, 0],
    ['less than ten minutes', { pod: '599' }, 600, 0],
    ['less than nothing', { pod: '-1' }, 600, 0],
    ['more than a day', { pod: '86401' }, 86_400, 0],
    ['the most that fits into 64 bits', { pod: '9223372036854775807' }, 86_400, 0],
    ['with a sign', { pod: '+3600' }, 3600, 0],
    ['with zeros', { pod: '03600' }, 3600, 0],
    ['too much for 64 bits counts as not said', { pod: '9223372036854775808', account: '7200' }, 7200, 1],
    ['text counts as not said', { pod: '1h', account: 'x' }, 86_400, 2],
    ['nothing counts as not said', { pod: '', account: '7200' }, 7200, 1],
    ['a fraction counts as not said', { pod: '3600.5' }, 86_400, 1],
  ] as const)('%s', (_, change, expected, warnings) => {
    expect(seconds(change)).toEqual([expected, warnings]);
  });

  test.each([
    [0, 79_200],
    [0.5, 82_800],
    [0.999_999_9, 86_400],
  ])('a day of Pod Identity is drawn: %d is %d', (random, expected) => {
    expect(seconds({ isAssociated: true, random })).toEqual([expected, 0]);
    expect(seconds({ isAssociated: true, random, pod: '86400' })).toEqual([expected, 0]);
  });

  test('another time is not drawn, nor is a day of web identity', () => {
    expect(seconds({ isAssociated: true, random: 0.5, pod: '3600' })).toEqual([3600, 0]);
    expect(seconds({ random: 0.5 })).toEqual([86_400, 0]);
  });
});
