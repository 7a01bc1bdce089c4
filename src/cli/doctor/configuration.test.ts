import { expect, test } from 'vitest';
import { authorizationConfiguration } from '../bundle/authorization.ts';
import { classicFlags } from '../bundle/flags.ts';
import { checkConfiguration } from './configuration.ts';
import { parseDuration } from './duration.ts';
import { isGood } from './finding.ts';
import type { ReadBundle } from './readbundle.ts';

const folder = '/etc/kubernetes/entryway';
const target = { url: 'https://203.0.113.7/', certificateAuthority: '', certificate: '', key: '' };
const file = 'kubeadm-config.yaml';
const tokenFlags = {
  'authentication-token-webhook-config-file': `${folder}/authenticate.kubeconfig`,
  'authentication-token-webhook-version': 'v1',
  'authentication-token-webhook-cache-ttl': '30s',
};
const version = { minor: 34, text: '1.34' };

type Authorizer = Record<string, unknown>;
interface Parts {
  readonly flags?: Record<string, string | undefined>;
  /** Changes members of the webhook authorizer. */
  readonly webhook?: Record<string, unknown>;
  readonly authorizers?: (usual: readonly Authorizer[]) => readonly Authorizer[];
  readonly head?: Record<string, unknown>;
  readonly files?: readonly string[];
  readonly exposed?: readonly string[];
}

/** A bundle with the authorizers' file, changed. */
function withFile({
  flags = {},
  webhook = {},
  authorizers = (usual) => usual,
  head = {},
  ...rest
}: Parts): ReadBundle {
  const usual = authorizationConfiguration(version, `${folder}/authorize.kubeconfig`);
  const changed = (usual.authorizers as readonly Authorizer[]).map((one) =>
    one.type === 'Webhook'
      ? { ...one, webhook: withoutUndefined({ ...(one.webhook as object), ...webhook }) }
      : one,
  );
  return {
    authenticate: target,
    authorize: target,
    files: ['authenticate.kubeconfig', 'authorize.kubeconfig', 'authorization.yaml'],
    exposed: [],
    installed: {
      file,
      flags: withoutUndefined({
        ...tokenFlags,
        'authorization-config': `${folder}/authorization.yaml`,
        ...flags,
      }) as Record<string, string>,
    },
    authorization: { ...usual, authorizers: authorizers(changed), ...head },
    ...rest,
  };
}

function withFlags(change: Record<string, string | undefined> = {}): ReadBundle {
  return {
    authenticate: target,
    authorize: target,
    files: ['authenticate.kubeconfig', 'authorize.kubeconfig'],
    exposed: [],
    installed: {
      file,
      flags: withoutUndefined({ ...tokenFlags, ...classicFlags(folder), ...change }) as Record<
        string,
        string
      >,
    },
  };
}

function withoutUndefined(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

const typed = (type: string) => (one: Authorizer) => one.type === type;
const without = (type: string) => (usual: readonly Authorizer[]) => usual.filter((one) => one.type !== type);

test.each<[string, ReadBundle, string, RegExp]>([
  [
    'everybody may do everything',
    withFile({ authorizers: (usual) => [...usual, { type: 'AlwaysAllow', name: 'all' }] }),
    'error chain',
    /everybody may do everything/,
  ],
  ['no RBAC', withFile({ authorizers: without('RBAC') }), 'error chain', /own components/],
  ['no Node', withFile({ authorizers: without('Node') }), 'error chain', /nodes lose/],
  ['no webhook', withFile({ authorizers: without('Webhook') }), 'error chain', /no effect/],
  ['no authorizers', withFile({ head: { authorizers: 'none' } }), 'error chain', /Node is not among/],
  [
    'the webhook before RBAC',
    withFile({ authorizers: (usual) => usual.toSorted((a) => (typed('Webhook')(a) ? -1 : 0)) }),
    'warning chain',
    /put RBAC before/,
  ],
  [
    'an unknown version of the file',
    withFile({ head: { apiVersion: 'apiserver.config.k8s.io/v2' } }),
    'error authorizationFile',
    /v2/,
  ],
  [
    'another kind of file',
    withFile({ head: { kind: 'AuthenticationConfiguration' } }),
    'error authorizationFile',
    /AuthorizationConfiguration/,
  ],
  ['Deny on failure', withFile({ webhook: { failurePolicy: 'Deny' } }), 'warning failurePolicy', /NoOpinion/],
  [
    'no failure policy',
    withFile({ webhook: { failurePolicy: undefined } }),
    'error failurePolicy',
    /does not start/,
  ],
  ['no timeout', withFile({ webhook: { timeout: undefined } }), 'error timeout', /does not start/],
  ['a timeout over the most', withFile({ webhook: { timeout: '31s' } }), 'error timeout', /does not start/],
  ['a long timeout', withFile({ webhook: { timeout: '20s' } }), 'warning timeout', /20 s/],
  [
    'no conditions',
    withFile({ webhook: { matchConditions: undefined } }),
    'warning conditions',
    /principalId/,
  ],
  [
    'other conditions',
    withFile({ webhook: { matchConditions: [{ expression: 'true' }] } }),
    'info conditions',
    /: true/,
  ],
  [
    'no condition version',
    withFile({ webhook: { matchConditionSubjectAccessReviewVersion: undefined } }),
    'error conditionVersion',
    /v1/,
  ],
  [
    'no review version',
    withFile({ webhook: { subjectAccessReviewVersion: undefined } }),
    'error accessReviewVersion',
    /missing/,
  ],
  ['a long window', withFile({ webhook: { authorizedTTL: '5m' } }), 'warning authorizedWindow', /300 s/],
  [
    'a window left to the default',
    withFile({ webhook: { authorizedTTL: undefined } }),
    'warning authorizedWindow',
    /300 s/,
  ],
  [
    'a window that is none',
    withFile({ webhook: { unauthorizedTTL: 'short' } }),
    'error unauthorizedWindow',
    /no duration/,
  ],
  [
    'a kubeconfig that is not there',
    withFile({ webhook: { connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: '/etc/other' } } }),
    'error missingFile',
    /\/etc\/other/,
  ],
  [
    'an authorizers’ file that is not there',
    withFile({ files: ['authenticate.kubeconfig', 'authorize.kubeconfig'] }),
    'error missingFile',
    /--authorization-config/,
  ],
  [
    'the file and the flags',
    withFile({ flags: { 'authorization-mode': 'Node,RBAC' } }),
    'error chain',
    /does not start/,
  ],
  [
    'the file and a flag of the webhook',
    withFile({ flags: { 'authorization-webhook-version': 'v1' } }),
    'error chain',
    /does not start/,
  ],
  [
    'neither the file nor the flags',
    withFile({ flags: { 'authorization-config': undefined } }),
    'error chain',
    /asks nobody about access policies/,
  ],
  [
    'no token webhook',
    withFile({ flags: { 'authentication-token-webhook-config-file': undefined } }),
    'error tokenWebhook',
    /asks nobody about tokens/,
  ],
  [
    'the old version of token reviews',
    withFile({ flags: { 'authentication-token-webhook-version': 'v1beta1' } }),
    'warning reviewVersion',
    /v1beta1/,
  ],
  [
    'the default version of token reviews',
    withFile({ flags: { 'authentication-token-webhook-version': undefined } }),
    'warning reviewVersion',
    /means v1beta1/,
  ],
  [
    'the default cache of tokens',
    withFile({ flags: { 'authentication-token-webhook-cache-ttl': undefined } }),
    'warning tokenWindow',
    /130 s/,
  ],
  [
    'a key that others can read',
    withFile({ exposed: ['authorize.kubeconfig'] }),
    'error exposedKey',
    /chmod 600/,
  ],
  [
    'flags: the webhook first',
    withFlags({ 'authorization-mode': 'Node,Webhook,RBAC' }),
    'warning chain',
    /before Webhook/,
  ],
  ['flags: no mode', withFlags({ 'authorization-mode': undefined }), 'error chain', /asks nobody/],
  [
    'flags: no kubeconfig',
    withFlags({ 'authorization-webhook-config-file': undefined }),
    'error chain',
    /asks nobody/,
  ],
  [
    'flags: the default version',
    withFlags({ 'authorization-webhook-version': undefined }),
    'warning reviewVersion',
    /authorization-webhook-version/,
  ],
  [
    'flags: the default window',
    withFlags({ 'authorization-webhook-cache-authorized-ttl': undefined }),
    'warning authorizedWindow',
    /300 s/,
  ],
])('%s', (_, bundle, expected, text) => {
  const found = checkConfiguration(bundle).find(({ severity, code }) => `${severity} ${code}` === expected);
  expect(found, JSON.stringify(checkConfiguration(bundle))).toBeDefined();
  expect(`${found?.message} ${found?.hint ?? ''}`).toMatch(text);
});

test('what a bundle writes is all fine, and the windows that follow are told', () => {
  for (const bundle of [withFile({}), withFlags()]) {
    const findings = checkConfiguration(bundle);
    expect(findings.filter((one) => !isGood(one))).toEqual([]);
    const told = findings.map(({ message }) => message).join('\n');
    expect(told).toContain('is out after 40 s');
    expect(told).toContain('allows for 30 s more');
    expect(told).toContain('works after 10 s at most');
  }
});

test('a folder with the webhook files alone is looked at as far as it goes', () => {
  const { installed, ...alone } = withFile({ webhook: { failurePolicy: 'Deny' } });
  expect(installed).toBeDefined();
  expect(checkConfiguration(alone).map(({ severity, code }) => `${severity} ${code}`)).toEqual(
    expect.arrayContaining(['info flags', 'warning failurePolicy']),
  );
});

test.each([
  ['30s', 30],
  ['2m0s', 120],
  ['1m30s', 90],
  ['1h', 3600],
  ['500ms', 0.5],
  ['0', 0],
  ['30', undefined],
  ['s', undefined],
  ['-1s', undefined],
  ['', undefined],
])('duration %j is %s s', (text, count) => {
  expect(parseDuration(text)).toBe(count);
});
