import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { KubeconfigError, readKubeconfig } from './kubeconfigread.ts';

const cluster = { server: 'https://10.0.0.1:6443', 'certificate-authority-data': 'Q0E=' };

function kubeconfig(change: {
  readonly cluster?: object;
  readonly user?: object;
  readonly config?: object;
}): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'main',
    contexts: [
      { name: 'other', context: { cluster: 'absent', user: 'absent' } },
      { name: 'main', context: { cluster: 'c', user: 'u' } },
    ],
    clusters: [{ name: 'c', cluster: { ...cluster, ...change.cluster } }],
    users: [{ name: 'u', user: change.user ?? { token: 'secret-token' } }],
    ...change.config,
  });
}

function refusal(text: string, context?: string): KubeconfigError {
  try {
    readKubeconfig(text, context);
  } catch (error) {
    if (error instanceof KubeconfigError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

describe('what a server must not use is refused', () => {
  const users: readonly (readonly [what: string, user: object, message: RegExp])[] = [
    ['an exec plugin', { exec: { command: 'aws' }, token: 'secret-token' }, /exec plugin/],
    ['an auth provider', { 'auth-provider': { name: 'gcp' } }, /auth provider/],
    ['a password', { username: 'u', password: 'secret-token' }, /password/],
    ['an impersonation', { token: 'secret-token', as: 'admin' }, /impersonation/],
    ['an impersonated uid', { token: 'secret-token', 'as-uid': '1' }, /impersonation/],
    ['impersonated groups', { token: 'secret-token', 'as-groups': ['admins'] }, /impersonation/],
    ['impersonated extra', { token: 'secret-token', 'as-user-extra': { a: ['b'] } }, /impersonation/],
    ['nothing', {}, /no credential/],
    ['a certificate without its key', { 'client-certificate-data': 'eA==' }, /no credential/],
    [
      'two credentials',
      { token: 'secret-token', 'client-certificate-data': 'eA==' },
      /token and a certificate/,
    ],
  ];
  test.each(users)('of a user: %s', (_what, user, message) => {
    const error = refusal(kubeconfig({ user }));
    expect(error.message).toMatch(message);
    expect(`${error.message} ${error.hint}`).not.toContain('secret-token');
  });

  const clusters: readonly (readonly [what: string, cluster: object, message: RegExp])[] = [
    ['no check of certificates', { 'insecure-skip-tls-verify': true }, /insecure-skip-tls-verify/],
    ['what may mean no check', { 'insecure-skip-tls-verify': 'yes' }, /insecure-skip-tls-verify/],
    ['a name in TLS that is none', { 'tls-server-name': 5 }, /tls-server-name/],
    ['a proxy', { 'proxy-url': 'http://proxy' }, /proxy/],
    ['no authority', { 'certificate-authority-data': '' }, /no certificate authority/],
    ['no server', { server: '' }, /no server/],
  ];
  test.each(clusters)('of a cluster: %s', (_what, change, message) => {
    expect(refusal(kubeconfig({ cluster: change })).message).toMatch(message);
  });

  test.each([
    ['no YAML', 'a: [secret-token', /no YAML/],
    ['another document', 'kind: Pod', /no kubeconfig/],
    ['text', 'secret-token', /no kubeconfig/],
    [
      'two clusters of one name',
      kubeconfig({
        config: {
          clusters: [
            { name: 'c', cluster },
            { name: 'c', cluster: { ...cluster, server: 'https://evil' } },
          ],
        },
      }),
      /more than one cluster `c`/,
    ],
    ['one nested without end', `kind: Config\nx: ${'['.repeat(200_000)}`, /no YAML/],
    ['one that is too large', `kind: Config\n#${'x'.repeat(4 * 1024 * 1024)}`, /too large/],
    ['two documents', `${kubeconfig({})}---\n${kubeconfig({})}`, /no YAML/],
    ['aliases', `${kubeconfig({})}x: &a [1]\ny: *a\n`, /no YAML/],
    ['no current context', kubeconfig({ config: { 'current-context': '' } }), /no current context/],
    [
      'a context that is not there',
      kubeconfig({ config: { 'current-context': 'gone' } }),
      /no context `gone`/,
    ],
    ['lists that are none', kubeconfig({ config: { clusters: { c: 1 } } }), /no cluster `c`/],
  ])('of a file: %s', (_what, text, message) => {
    const error = refusal(text);
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('secret-token');
  });

  test('a named context that is there, whose cluster is not', () => {
    expect(refusal(kubeconfig({}), 'other').message).toBe('the kubeconfig has no cluster `absent`');
  });
});

test.each([
  ['a token', { token: 't' }, { kind: 'token', token: 't' }],
  ['a token file before a token', { token: 't', tokenFile: 'token' }, { kind: 'tokenFile', file: 'token' }],
  [
    'a certificate, data before a file',
    { 'client-certificate-data': 'Yw==', 'client-certificate': 'c.pem', 'client-key': 'k.pem' },
    { kind: 'certificate', certificate: { data: 'Yw==' }, key: { file: 'k.pem' } },
  ],
])('reads %s', (_what, user, credential) => {
  expect(readKubeconfig(kubeconfig({ user, cluster: { 'tls-server-name': 'api' } }))).toEqual({
    context: 'main',
    server: 'https://10.0.0.1:6443',
    certificateAuthority: { data: 'Q0E=' },
    tlsServerName: 'api',
    credential,
  });
});
