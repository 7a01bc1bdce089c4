/** What EKS's pod identity webhook does, inside a built-in cluster (eks-access-facts I7, I8, J20). */
import { beforeAll, describe, expect, test } from 'vitest';
import { podIdentityKey } from '../../src/storage/records/keys.ts';
import type { PodIdentityAssociationRecord } from '../../src/storage/records/podidentity.ts';
import { openAdmissionWorld } from './admissionworld.ts';
import { clusterId, type TestAnswer } from './fixture.ts';
import { patch, type Review } from './webhookserver.ts';

const core = '/api/v1/namespaces/default';
const roleArn = 'arn:aws:iam::111122223333:role/reader';
const world = openAdmissionWorld();
const { hook, create, auditEvent } = world;

const association = (serviceAccount: string): PodIdentityAssociationRecord => ({
  associationId: 'a-0123456789abcdefg',
  namespace: 'default',
  serviceAccount,
  roleArn: 'arn:aws:iam::111122223333:role/associated',
  tags: {},
  createdAt: 0,
  modifiedAt: 0,
  disableSessionTags: false,
});
const associate = (serviceAccount: string, value: string) =>
  world.api.storage.commit({
    changes: [{ type: 'put', key: podIdentityKey(clusterId, 'default', serviceAccount), value }],
  });

beforeAll(async () => {
  const role = { 'eks.amazonaws.com/role-arn': roleArn };
  for (const [name, annotations] of Object.entries({ plain: {}, irsa: role, both: role, broken: role })) {
    await create({ metadata: { name, annotations } }, { path: `${core}/serviceaccounts` });
  }
  await associate('both', JSON.stringify(association('both')));
  await associate('broken', '{');
});

const podOf = (serviceAccountName: string | undefined, metadata: object = {}) => ({
  metadata: { generateName: 'p-', ...metadata },
  spec: {
    ...(serviceAccountName !== undefined && { serviceAccountName }),
    containers: [{ name: 'main', image: 'i' }],
  },
});
const make = (pod: object, query = ''): Promise<TestAnswer> =>
  world.api.call('POST', `${core}/pods${query}`, { body: pod });

interface Shown {
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts: readonly { readonly name: string }[];
}
const variablesIn = ({ body }: TestAnswer, container = 0): Readonly<Record<string, string>> => {
  const { env = [] } = body.spec.containers[container] as Shown;
  return Object.fromEntries(env.map(({ name, value }) => [name, value]));
};
const volumesIn = ({ body }: TestAnswer): readonly string[] =>
  body.spec.volumes.map(({ name }: { readonly name: string }) =>
    name.replace(/^kube-api-access-.*/, 'kube-api-access-…'),
  );
const region = {
  AWS_STS_REGIONAL_ENDPOINTS: 'regional',
  AWS_DEFAULT_REGION: 'eu-central-1',
  AWS_REGION: 'eu-central-1',
};
const agent = {
  AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials',
  AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE:
    '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token',
};
const role = {
  AWS_ROLE_ARN: roleArn,
  AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
};

describe('a pod gets nothing', () => {
  test.each([
    ['whose account has neither', podOf('plain')],
    ['that names no account', podOf(undefined)],
    ['that annotates itself', podOf('plain', { annotations: { 'eks.amazonaws.com/role-arn': roleArn } })],
    [
      'that is not to be looked at',
      podOf('both', { labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': '' } }),
    ],
  ])('%s', async (_, pod) => {
    const answer = await make(pod);
    expect(answer.status, answer.text).toBe(201);
    expect([variablesIn(answer), volumesIn(answer), answer.headers.warning]).toEqual([
      {},
      ['kube-api-access-…'],
      undefined,
    ]);
    expect((await auditEvent(answer))?.annotations).not.toHaveProperty([
      'iam-for-pods.amazonaws.com/credentials',
    ]);
  });

  test('that a kubelet mirrors', async () => {
    const mirror = {
      metadata: { name: 'mirror', annotations: { 'kubernetes.io/config.mirror': 'x' } },
      spec: { containers: [{ name: 'main', image: 'i' }] },
    };
    await associate('default', JSON.stringify(association('default')));
    const answer = await make(mirror);
    await world.api.storage.commit({
      changes: [{ type: 'delete', key: podIdentityKey(clusterId, 'default', 'default') }],
    });
    expect(answer.status, answer.text).toBe(201);
    expect(answer.body.spec.containers).toEqual(mirror.spec.containers);
  });

  test('when it is changed: an association that came later is for new pods', async () => {
    const made = await make(podOf('plain'));
    await associate('plain', JSON.stringify(association('plain')));
    const path = `${core}/pods/${made.body.metadata.name}`;
    const labels = { metadata: { labels: { app: 'x' } } };
    const headers = { 'content-type': 'application/merge-patch+json' };
    const changed = await world.api.call('PATCH', path, { body: labels, headers });
    await world.api.storage.commit({
      changes: [{ type: 'delete', key: podIdentityKey(clusterId, 'default', 'plain') }],
    });
    expect([changed.status, variablesIn(changed)]).toEqual([200, {}]);
    expect(changed.body.metadata.labels).toEqual({ app: 'x' });
  });
});

describe('a pod gets', () => {
  test('the role that its account names, and its record says so', async () => {
    const answer = await make(podOf('irsa'));
    expect(answer.status, answer.text).toBe(201);
    expect(variablesIn(answer)).toEqual({ ...region, ...role });
    expect(volumesIn(answer)).toEqual(['aws-iam-token', 'kube-api-access-…']);
    expect(answer.body.spec.volumes[0].projected).toEqual({
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { audience: 'sts.amazonaws.com', expirationSeconds: 86_400, path: 'token' } },
      ],
    });
    expect((await auditEvent(answer))?.annotations).toMatchObject({
      'iam-for-pods.amazonaws.com/credentials': 'webIdentity',
    });
    const stored = await world.api.call('GET', `${core}/pods/${answer.body.metadata.name}`);
    expect(stored.body.spec).toEqual(answer.body.spec);
  });

  test('its association before that role, and a label', async () => {
    const answer = await make(podOf('both'));
    expect(variablesIn(answer)).toEqual({ ...region, ...agent });
    expect(volumesIn(answer)).toEqual(['eks-pod-identity-token', 'kube-api-access-…']);
    expect(answer.body.metadata.labels).toEqual({ 'eks.amazonaws.com/pod-identity': 'enabled' });
    const [{ serviceAccountToken }] = answer.body.spec.volumes[0].projected.sources;
    expect(serviceAccountToken).toMatchObject({
      audience: 'pods.eks.amazonaws.com',
      path: 'eks-pod-identity-token',
    });
    expect(serviceAccountToken.expirationSeconds).toBeGreaterThanOrEqual(79_200);
    expect(serviceAccountToken.expirationSeconds).toBeLessThanOrEqual(86_400);
    expect(answer.headers.warning).toBeUndefined();
  });

  test('what its maker owns no field of, nor does whoever applies it', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      ...podOf('both', { name: 'owned', generateName: undefined }),
    };
    const applying = { body: pod, headers: { 'content-type': 'application/apply-patch+yaml' } };
    const applied = await world.api.call('PATCH', `${core}/pods/owned?fieldManager=me`, applying);
    const again = await world.api.call('PATCH', `${core}/pods/owned?fieldManager=me`, applying);
    for (const answer of [await make(podOf('both')), applied, again]) {
      expect(variablesIn(answer), answer.text).toEqual({ ...region, ...agent });
      const owned = JSON.stringify(answer.body.metadata.managedFields);
      expect(owned).toContain('f:image');
      expect(owned).not.toMatch(/AWS_|pod-identity|kube-api-access|volumeMounts|f:status/);
    }
    expect(again.body.metadata.resourceVersion).toBe(applied.body.metadata.resourceVersion);
  });

  test('the same in a dry run', async () => {
    const answer = await make(podOf('both'), '?dryRun=All');
    expect([answer.status, variablesIn(answer)]).toEqual([201, { ...region, ...agent }]);
  });

  test('the variables of an association that cannot be read, with a warning: no other credentials', async () => {
    const answer = await make(podOf('broken'));
    expect([answer.status, variablesIn(answer)]).toEqual([201, { ...region, ...agent }]);
    expect(answer.headers.warning).toContain(
      'the Pod Identity association of service account `default/broken` cannot be read',
    );
  });

  test('a warning of what it says and cannot have', async () => {
    const annotations = { 'eks.amazonaws.com/token-expiration': '1h' };
    const answer = await make(podOf('irsa', { annotations }));
    expect(answer.status).toBe(201);
    expect(answer.headers.warning).toContain(
      '`eks.amazonaws.com/token-expiration` of the pod is not a whole number of seconds',
    );
  });
});

describe('among the webhooks of the cluster', () => {
  const onPods = { kind: 'mutating', resources: ['pods'], operations: ['CREATE'] } as const;

  test('they see the credentials, and a container that one of them adds gets its own', async () => {
    const seen: Review[] = [];
    await hook((review) => {
      seen.push(review.object);
      return patch([{ op: 'add', path: '/spec/containers/-', value: { name: 'side', image: 's' } }]);
    }, onPods);
    const answer = await make(podOf('both'));
    expect(answer.status, answer.text).toBe(201);
    expect(seen).toHaveLength(1);
    expect(seen[0].spec.containers[0].env).toHaveLength(5);
    expect(answer.body.spec.containers).toHaveLength(2);
    expect(variablesIn(answer, 1)).toEqual({ ...region, ...agent });
    expect(volumesIn(answer)).toEqual(['eks-pod-identity-token', 'kube-api-access-…']);
  });

  test('none of them speaks in the name of the one of EKS', async () => {
    await hook(() => ({ response: { allowed: true, auditAnnotations: { credentials: 'forged' } } }), {
      ...onPods,
      webhook: { name: 'iam-for-pods.amazonaws.com' },
    });
    const answer = await make(podOf('plain'));
    expect(JSON.stringify((await auditEvent(answer))?.annotations)).not.toContain('forged');
  });
});

test('the token that a kubelet asks for is one for the agent, of this pod, for a day', async () => {
  const { body: pod } = await make(podOf('both'));
  const { name, uid } = pod.metadata;
  const answer = await world.api.call('POST', `${core}/serviceaccounts/both/token`, {
    body: {
      spec: {
        audiences: ['pods.eks.amazonaws.com'],
        expirationSeconds: 86_400,
        boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid },
      },
    },
  });
  expect([answer.status, answer.headers.warning]).toEqual([201, undefined]);
  const claims = JSON.parse(
    Buffer.from(answer.body.status.token.split('.')[1], 'base64url').toString('utf8'),
  );
  expect(claims).toMatchObject({
    aud: ['pods.eks.amazonaws.com'],
    sub: 'system:serviceaccount:default:both',
    'kubernetes.io': { namespace: 'default', pod: { name, uid }, serviceaccount: { name: 'both' } },
  });
  expect(claims.exp - claims.iat).toBe(86_400);
});
