import { expect, test } from 'vitest';
import { CommandError } from '../failure.ts';
import { containerView, type Pod } from './container.ts';

type Container = NonNullable<Pod['spec']['containers']>[number];

const token = { path: 'token', audience: 'pods.eks.amazonaws.com', expirationSeconds: 86_400 };

function podOf(container: Partial<Container>, source: object = token, more: object = {}): Pod {
  return {
    metadata: { name: 'app', namespace: 'shop', uid: 'uid' },
    spec: {
      containers: [{ name: 'app', ...container }],
      volumes: [{ name: 'tokens', projected: { sources: [{ serviceAccountToken: source }] } }],
      ...more,
    },
  };
}
const mountedAt = (mountPath: string): Partial<Container> => ({
  volumeMounts: [{ name: 'tokens', mountPath }],
});
const filesOf = (pod: Pod) => containerView(pod, '/root')?.tokenFiles.map(({ path }) => path);

test.each([
  ['/var/run/x', '/root/var/run/x/token'],
  ['/var/run/x/', '/root/var/run/x/token'],
  ['/', '/root/token'],
  ['/../../etc', '/root/etc/token'],
  ['/a/../../../etc', '/root/etc/token'],
  ['../../etc', '/root/etc/token'],
  ['', '/root/token'],
])('a mount at `%s` has its token at %s, never outside', (mountPath, path) => {
  expect(filesOf(podOf(mountedAt(mountPath)))).toEqual([path]);
});

test.each(['../token', 'a/../../token', '/etc/token', '', '.', 'a/', 'a\0b'])(
  'a token at `%s` of its volume is no file of it',
  (path) => {
    expect(() => filesOf(podOf(mountedAt('/x'), { ...token, path }))).toThrow(CommandError);
  },
);

test('a container is who its variables say, and its pod’s author chooses nothing else of what runs here', () => {
  const pod = podOf({
    ...mountedAt('/var/run/x'),
    env: [
      { name: 'AWS_ROLE_ARN', value: 'arn' },
      { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/var/run/x/token' },
      { name: 'AWS_REGION', valueFrom: {} },
      ...['LD_PRELOAD', 'NODE_OPTIONS', 'PATH', 'AWS_PAGER', 'AWS_CONFIG_FILE', 'BUCKET'].map((name) => ({
        ...{ name, value: '/var/run/x/../x/evil' },
      })),
    ],
  });
  expect(containerView(pod, '/root', { variables: ['BUCKET'] })).toMatchObject({
    variables: {
      AWS_ROLE_ARN: 'arn',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/root/var/run/x/token',
      BUCKET: '/root/var/run/x/evil',
    },
    unknown: ['AWS_REGION'],
    untaken: ['LD_PRELOAD', 'NODE_OPTIONS', 'PATH', 'AWS_PAGER', 'AWS_CONFIG_FILE'],
  });
});

test.each(['/home/operator/.ssh/id_rsa', '/var/run/x/../../../home/operator/.ssh/id_rsa', '../.ssh/id_rsa'])(
  'a token file of the container’s own choice, %s, is none of this machine',
  (value) => {
    const pod = podOf({
      ...mountedAt('/var/run/x'),
      env: [{ name: 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', value }],
    });
    const { variables } = containerView(pod, '/root') ?? {};
    expect(variables?.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE).toMatch(/^\/root\/(?!.*\.\.)/);
  },
);

test('a container is found by its name, also one that runs before the others', () => {
  const pod = podOf({}, token, {
    initContainers: [{ name: 'first', env: [{ name: 'AWS_ROLE_ARN', value: 'x' }] }],
  });
  expect(containerView(pod, '/root', { name: 'first' })?.variables).toEqual({ AWS_ROLE_ARN: 'x' });
  expect(containerView(pod, '/root')?.variables).toEqual({});
  expect(containerView(pod, '/root', { name: 'other' })).toBeUndefined();
});
