import { describe, expect, test } from 'vitest';
import {
  applied,
  injected,
  pod,
  podIdentity,
  region,
  regional,
  role,
  roleArn,
  situation,
  tokenVolume,
  webIdentity,
  webIdentityMount,
  webIdentityVolume,
} from '../../../test/podcredentials.ts';
import { type CredentialTerms, credentialsOf } from './credentials.ts';
import { injectCredentials } from './inject.ts';

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
