import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../wire/kube/json.ts';
import { jsonPatch } from '../../wire/kube/patch/jsonpatch.ts';
import {
  type CredentialTerms,
  credentialAccountOf,
  credentialsOf,
  type PodSituation,
} from './credentials.ts';
import { injectCredentials } from './inject.ts';
import { agentUri } from './names.ts';
import { parseSkippedContainers } from './skipcontainers.ts';

const roleArn = 'arn:aws:iam::111122223333:role/reader';
const role = { 'eks.amazonaws.com/role-arn': roleArn };
const regional = { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' };
const region = [
  { name: 'AWS_DEFAULT_REGION', value: 'eu-central-1' },
  { name: 'AWS_REGION', value: 'eu-central-1' },
];
const webIdentity = [
  { name: 'AWS_ROLE_ARN', value: roleArn },
  {
    name: 'AWS_WEB_IDENTITY_TOKEN_FILE',
    value: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
  },
];
const podIdentity = [
  { name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', value: 'http://169.254.170.23/v1/credentials' },
  {
    name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
    value: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token',
  },
];
const webIdentityMount = {
  name: 'aws-iam-token',
  readOnly: true,
  mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
};
const tokenVolume = (name: string, audience: string, expirationSeconds: number, path: string) => ({
  name,
  projected: {
    defaultMode: 420,
    sources: [{ serviceAccountToken: { audience, expirationSeconds, path } }],
  },
});
const webIdentityVolume = tokenVolume('aws-iam-token', 'sts.amazonaws.com', 86_400, 'token');

const pod = ({
  metadata = {},
  ...spec
}: Readonly<Record<string, unknown>> & { readonly metadata?: object } = {}) => ({
  metadata: { name: 'p', ...metadata },
  spec: { serviceAccountName: 'app', containers: [{ name: 'main' }], ...spec },
});

const situation = (change: Partial<PodSituation> = {}): PodSituation => ({
  pod: pod(),
  isAssociated: false,
  accountAnnotations: {},
  region: 'eu-central-1',
  agentUri,
  random: () => 0,
  ...change,
});

/** The pod as it is in the end, and what whoever makes it is told. */
function injected(change: Partial<PodSituation>) {
  const asked = situation(change);
  const { terms, warnings } = credentialsOf(asked);
  const result =
    terms === undefined ? { pod: asked.pod as Pod, warnings } : applied(asked.pod, terms, warnings);
  return { ...result, terms };
}

type Pod = ReturnType<typeof pod>;

function applied(before: unknown, terms: CredentialTerms, told: readonly string[] = []) {
  const { patch, warnings } = injectCredentials(before, terms);
  return {
    pod: jsonPatch(before as never, JSON.parse(JSON.stringify(patch)) as JsonValue) as Pod,
    warnings: [...told, ...warnings],
  };
}

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

describe('skip-containers', () => {
  test.each<readonly [string, readonly string[] | undefined]>([
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    ['a, b', ['a', ' b']],
    ['a,', ['a', '']],
    ['a,b\r', ['a', 'b']],
    ['\r', undefined],
    ['\n\r\na,b\nc', ['a', 'b']],
    ['"a","b,c"', ['a', 'b,c']],
    ['"a""b"', ['a"b']],
    ['"a\nb",c', ['a\nb', 'c']],
    ['', undefined],
    ['\n', undefined],
    ['a"b', undefined],
    ['"a"b', undefined],
    ['"a', undefined],
  ])('%j', (said, expected) => {
    expect(parseSkippedContainers(said)).toEqual(expected);
  });

  test('what cannot be read leaves no container out, and is told', () => {
    const annotations = { 'eks.amazonaws.com/skip-containers': '"main' };
    const { pod: after, warnings } = injected({
      accountAnnotations: role,
      pod: pod({ metadata: { annotations } }),
    });
    expect(after).toMatchObject({ spec: { containers: [{ env: expect.anything() }] } });
    expect(warnings).toEqual([
      '`eks.amazonaws.com/skip-containers` is no list of names: no container is left out',
    ]);
  });
});

describe('what a pod gets', () => {
  test('by web identity: variables, a mount in every container, and the volume first', () => {
    const { pod: after } = injected({
      accountAnnotations: role,
      pod: pod({ initContainers: [{ name: 'init' }], volumes: [{ name: 'data', emptyDir: {} }] }),
    });
    const container = { env: [regional, ...region, ...webIdentity], volumeMounts: [webIdentityMount] };
    expect(after).toEqual(
      pod({
        initContainers: [{ name: 'init', ...container }],
        containers: [{ name: 'main', ...container }],
        volumes: [webIdentityVolume, { name: 'data', emptyDir: {} }],
      }),
    );
  });

  test('by Pod Identity: the same with the agent, and a label', () => {
    const { pod: after } = injected({ isAssociated: true });
    expect(after).toEqual(
      pod({
        metadata: { labels: { 'eks.amazonaws.com/pod-identity': 'enabled' } },
        containers: [
          {
            name: 'main',
            env: [regional, ...region, ...podIdentity],
            volumeMounts: [
              {
                name: 'eks-pod-identity-token',
                readOnly: true,
                mountPath: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
              },
            ],
          },
        ],
        volumes: [
          tokenVolume('eks-pod-identity-token', 'pods.eks.amazonaws.com', 79_200, 'eks-pod-identity-token'),
        ],
      }),
    );
  });

  test('labels there are stay', () => {
    const { pod: after } = injected({ isAssociated: true, pod: pod({ metadata: { labels: { app: 'x' } } }) });
    expect(after).toMatchObject({
      metadata: { labels: { app: 'x', 'eks.amazonaws.com/pod-identity': 'enabled' } },
    });
  });

  const variable = (name: string) => ({ name, value: 'mine' });
  const role_ = variable('AWS_ROLE_ARN');
  const file = variable('AWS_WEB_IDENTITY_TOKEN_FILE');
  const uri = variable('AWS_CONTAINER_CREDENTIALS_FULL_URI');
  const mine = variable('AWS_REGION');
  const sts = variable('AWS_STS_REGIONAL_ENDPOINTS');
  test.each([
    ['a role', [role_], [regional, ...region], 1],
    ['a token file', [file], [regional, ...region], 1],
    ['a region', [mine], [regional, ...webIdentity], 1],
    ['the other region', [variable('AWS_DEFAULT_REGION')], [regional, ...webIdentity], 1],
    ['regional endpoints', [sts], [...region, ...webIdentity], 1],
    ['a variable of Pod Identity', [uri], [regional, ...region, ...webIdentity], 1],
    ['a role and a region', [role_, mine], [regional], 1],
    ['all of them: not even a mount', [file, mine, sts], [], 0],
  ])('a container keeps %s', (_, env, added, mounts) => {
    const { pod: after } = injected({
      accountAnnotations: role,
      pod: pod({ containers: [{ name: 'main', env }] }),
    });
    const [container] = after.spec.containers as unknown as readonly {
      readonly env: unknown;
      readonly volumeMounts?: readonly unknown[];
    }[];
    expect([container?.env, container?.volumeMounts?.length ?? 0]).toEqual([[...env, ...added], mounts]);
    expect(after.spec).toMatchObject({ volumes: [webIdentityVolume] });
  });

  test('a variable of web identity does not keep those of Pod Identity away', () => {
    const { pod: after } = injected({
      isAssociated: true,
      pod: pod({ containers: [{ name: 'main', env: [role_, file] }] }),
    });
    expect(after.spec.containers).toMatchObject([
      { env: [role_, file, regional, ...region, ...podIdentity] },
    ]);
  });

  test('regional endpoints that are off are not said, and a container that has the rest gets the mount', () => {
    const { pod: after } = injected({
      accountAnnotations: { ...role, 'eks.amazonaws.com/sts-regional-endpoints': 'false' },
      pod: pod({ containers: [{ name: 'main', env: [role_, mine] }] }),
    });
    expect(after.spec.containers).toEqual([
      { name: 'main', env: [role_, mine], volumeMounts: [webIdentityMount] },
    ]);
  });

  test('containers of the list are left out, init containers too; the volume is there for the others', () => {
    const { pod: after } = injected({
      accountAnnotations: role,
      pod: pod({
        metadata: { annotations: { 'eks.amazonaws.com/skip-containers': 'init,side' } },
        initContainers: [{ name: 'init' }],
        containers: [{ name: 'main' }, { name: 'side' }],
      }),
    });
    expect(after.spec).toMatchObject({
      initContainers: [{ name: 'init' }],
      containers: [{ env: expect.anything() }, { name: 'side' }],
      volumes: [webIdentityVolume],
    });
    expect(JSON.stringify(after.spec.containers).match(/aws-iam-token/g)).toHaveLength(1);
  });

  test.each([
    [{ name: 'aws-iam-token', mountPath: '/elsewhere' }],
    [{ name: 'mine', mountPath: webIdentityMount.mountPath }],
  ])('the mount %j stays alone', (mount) => {
    const { pod: after } = injected({
      accountAnnotations: role,
      pod: pod({ containers: [{ name: 'main', volumeMounts: [mount] }] }),
    });
    expect(after.spec.containers).toMatchObject([{ volumeMounts: [mount] }]);
  });

  test('a volume with the very token is kept, with the time it says', () => {
    const volume = tokenVolume('aws-iam-token', 'sts.amazonaws.com', 900, 'token');
    const { pod: after } = injected({ accountAnnotations: role, pod: pod({ volumes: [volume] }) });
    expect(after.spec).toMatchObject({ volumes: [volume], containers: [{ env: expect.anything() }] });
  });

  test.each([
    ['no token', { name: 'aws-iam-token', emptyDir: {} }],
    ['a token for others', tokenVolume('aws-iam-token', 'vault', 3600, 'token')],
    ['a token in another file', tokenVolume('aws-iam-token', 'sts.amazonaws.com', 3600, 'jwt')],
  ])('a volume of the name with %s: nothing is added, and that is told', (_, volume) => {
    const before = pod({ volumes: [volume] });
    const { pod: after, warnings } = injected({ accountAnnotations: role, pod: before });
    expect(after).toEqual(before);
    expect(warnings).toEqual([
      'no AWS credentials: the pod has another volume `aws-iam-token`, the name that their token needs',
    ]);
  });

  test.each(['kubernetes.io/os', 'beta.kubernetes.io/os'])(
    '%s windows: the file as Windows spells it',
    (label) => {
      const { pod: after } = injected({
        accountAnnotations: role,
        pod: pod({ nodeSelector: { [label]: 'windows' } }),
      });
      expect(JSON.parse(JSON.stringify(after.spec.containers))).toMatchObject([
        {
          env: expect.arrayContaining([
            {
              name: 'AWS_WEB_IDENTITY_TOKEN_FILE',
              value: 'C:\\var\\run\\secrets\\eks.amazonaws.com\\serviceaccount\\token',
            },
          ]),
          volumeMounts: [webIdentityMount],
        },
      ]);
    },
  );

  test.each(['spec', 'containers', 'env', 'volumes', 'labels'] as const)(
    'a pod whose %s are nonsense is not the end of it',
    (broken) => {
      const before = {
        spec: { metadata: {}, spec: { containers: 7 } },
        containers: pod({ containers: { name: 'x' } }),
        env: pod({
          containers: [null, 'x', { env: 'x', volumeMounts: 3 }, { env: [null, 3, { name: {} }] }],
        }),
        volumes: pod({ volumes: [null, 'x', { name: 3 }] }),
        labels: pod({ metadata: { labels: 'x', annotations: [] } }),
      }[broken];
      const terms = credentialsOf(situation({ isAssociated: true })).terms as CredentialTerms;
      expect(() => credentialsOf(situation({ isAssociated: true, pod: before }))).not.toThrow();
      expect(() => applied(before, terms)).not.toThrow();
    },
  );
});

describe('a pod is made without when it would become larger than an API server takes it', () => {
  const environment = [{ name: 'AWS_REGION' }, { name: 'AWS_ROLE_ARN' }];
  test.each([
    ['more containers than a patch can name', 5_000, environment, roleArn],
    ['many containers', 2_500, [], roleArn],
    ['a role as long as annotations may be', 4_000, [], 'x'.repeat(262_144)],
  ])('%s', (_, length, env, long) => {
    const containers = Array.from({ length }, (_, index) => ({ name: `c${index}`, env }));
    const annotations = { 'eks.amazonaws.com/role-arn': long };
    const { pod: after, warnings } = injected({ accountAnnotations: annotations, pod: pod({ containers }) });
    expect(after).toEqual(pod({ containers }));
    expect(warnings.at(-1)).toBe('no AWS credentials: with them the pod would be too large');
  });
});

test('an environment that is none stays, for the API server to refuse', () => {
  const containers = [{ name: 'main', env: { A: 'b' } }];
  const { pod: after } = injected({ accountAnnotations: role, pod: pod({ containers }) });
  expect(after.spec.containers).toMatchObject(containers);
});

describe('once is enough', () => {
  const pods = [
    pod(),
    pod({ volumes: [{ name: 'data' }], initContainers: [{ name: 'i' }] }),
    pod({ containers: [{ name: 'main', env: [{ name: 'AWS_REGION', value: 'x' }] }, { name: 'side' }] }),
    pod({ metadata: { annotations: { 'eks.amazonaws.com/skip-containers': 'main' } } }),
    pod({ containers: [{ name: 'main', env: [], volumeMounts: [] }], volumes: [] }),
  ];
  test.each([true, false])(
    'a pod that has got its credentials gets nothing more (associated: %s)',
    (isAssociated) => {
      for (const before of pods) {
        const first = injected({ pod: before, isAssociated, accountAnnotations: role });
        const second = injected({
          pod: first.pod,
          isAssociated,
          accountAnnotations: role,
          random: () => 0.9,
        });
        expect(second.pod).toEqual(first.pod);
        expect(injectCredentials(first.pod, first.terms as CredentialTerms).patch).toEqual([]);
      }
    },
  );

  test('a container that comes later gets its own', () => {
    const first = injected({ accountAnnotations: role });
    const grown = pod({ ...first.pod.spec, containers: [...first.pod.spec.containers, { name: 'late' }] });
    const { pod: after } = injected({ pod: grown, accountAnnotations: role });
    expect(after.spec.containers[1]).toMatchObject({ volumeMounts: [webIdentityMount] });
    expect(after.spec).toMatchObject({ volumes: [webIdentityVolume] });
  });

  test('the credentials of the other mechanism stay beside', () => {
    const first = injected({ accountAnnotations: role });
    const { pod: after } = injected({ pod: first.pod, isAssociated: true });
    expect(after.spec.containers).toMatchObject([
      { env: [regional, ...region, ...webIdentity, ...podIdentity] },
    ]);
  });
});
