/** The mutating admission webhook for pods of connected clusters, as an API server asks it. */
import { request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClusterRecord } from '../../src/storage/records/eks.ts';
import { clusterKey, objectKey, podIdentityKey } from '../../src/storage/records/keys.ts';
import { account, type ClientCertificate, connected, openWorld, region, type World } from './world.ts';

const cluster = connected();
const { clusterId } = cluster;
const roleArn = `arn:aws:iam::${account}:role/reader`;
const accountKey = (name: string, id = clusterId) => objectKey(id, '', 'serviceaccounts', 'team', name);
const accountOf = (annotations: object = {}) => ({ metadata: { name: 'app', annotations } });
const roleOf = { 'eks.amazonaws.com/role-arn': roleArn };
const association = { roleArn: `arn:aws:iam::${account}:role/associated` };

let world: World;
let certificate: ClientCertificate;

beforeAll(async () => {
  world = await openWorld({ limits: { accountWait: 150, accountWaitsPerCluster: 2 } });
  certificate = await world.issue(cluster);
  await world.put(accountKey('plain'), accountOf());
  await world.put(accountKey('irsa'), accountOf(roleOf));
  await world.put(accountKey('both'), accountOf(roleOf));
  await world.put(podIdentityKey(clusterId, 'team', 'both'), association);
  await world.put(podIdentityKey(clusterId, 'team', 'unseen'), association);
});
afterAll(() => world.close());

interface Asked {
  readonly status: number;
  readonly text: string;
}

function ask(
  body: string | object,
  options: {
    readonly certificate?: ClientCertificate | undefined;
    readonly of?: ClusterRecord;
    readonly query?: string;
  } = { certificate },
): Promise<Asked> {
  const url = `${world.listener.door.urlsOf(options.of ?? cluster).podsUrl}${options.query ?? '?timeout=5s'}`;
  return new Promise((resolve, reject) => {
    const asking = httpsRequest(
      url,
      {
        method: 'POST',
        ca: world.ca,
        agent: false,
        headers: { 'content-type': 'application/json' },
        ...(options.certificate && { cert: options.certificate.cert, key: options.certificate.key }),
      },
      async (response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      },
    );
    asking.on('error', reject);
    asking.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}

const review = (serviceAccountName: string, change: object = {}) => ({
  kind: 'AdmissionReview',
  apiVersion: 'admission.k8s.io/v1',
  request: {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    operation: 'CREATE',
    namespace: 'team',
    userInfo: { username: 'system:serviceaccount:kube-system:replicaset-controller' },
    object: {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: { generateName: 'p-', labels: { app: 'x' } },
      spec: { serviceAccountName, containers: [{ name: 'main', image: 'i' }], volumes: [{ name: 'data' }] },
    },
    oldObject: null,
    dryRun: false,
    options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
    ...change,
  },
});

/** The answer to a review, the patch as it is meant. */
async function answerTo(asked: object) {
  const { status, text } = await ask(asked);
  expect([status, text]).toEqual([200, expect.stringMatching(/^\{/)]);
  const { apiVersion, kind, response } = JSON.parse(text);
  expect([apiVersion, kind]).toEqual(['admission.k8s.io/v1', 'AdmissionReview']);
  const { patch, ...others } = response;
  const decoded = patch === undefined ? [] : JSON.parse(Buffer.from(patch, 'base64').toString('utf8'));
  return { ...others, patch: decoded as readonly { readonly path: string; readonly value: unknown }[] };
}
const allowed = { uid: '705ab4f5-6393-11e8-b7cc-42010a800002', allowed: true };

describe('who is told nothing', () => {
  const untold = async (answer: Promise<Asked>, status: number, why: string) => {
    const { status: got, text } = await answer;
    expect([got, text]).toEqual([status, expect.stringContaining(why)]);
    expect(text).not.toContain('role/');
  };

  test('whoever has no certificate', () =>
    untold(ask(review('irsa'), {}), 401, 'a client certificate is needed'));

  test('whose certificate is of another authority', async () => {
    const selfMade = await world.certify(cluster, { selfMade: true });
    await untold(ask(review('irsa'), { certificate: selfMade }), 401, 'not issued by this server');
  });

  test('whose certificate was revoked', async () => {
    const revoked = await world.issue(cluster);
    await world.revoke(cluster, revoked);
    await untold(ask(review('irsa'), { certificate: revoked }), 401, 'was revoked');
  });

  test('the API server of another cluster, which has its own accounts', async () => {
    const other = connected({ name: 'other' });
    await world.put(clusterKey(account, region, 'other'), other);
    const theirs = await world.issue(other);
    await untold(ask(review('irsa'), { certificate: theirs }), 403, 'of another cluster');
    const own = await ask(review('irsa'), { certificate: theirs, of: other });
    expect(JSON.parse(own.text).response).not.toHaveProperty('patch');
  });
});

describe('a pod', () => {
  test('whose account has neither is let be', async () => {
    expect(await answerTo(review('plain'))).toEqual({ ...allowed, patch: [] });
  });

  test('gets the role of its account, as a patch that only adds', async () => {
    const answer = await answerTo(review('irsa'));
    expect(answer).toMatchObject({
      ...allowed,
      patchType: 'JSONPatch',
      auditAnnotations: { credentials: 'webIdentity' },
    });
    expect(answer.patch).toEqual([
      {
        op: 'add',
        path: '/spec/volumes/0',
        value: {
          name: 'aws-iam-token',
          projected: {
            defaultMode: 420,
            sources: [
              {
                serviceAccountToken: {
                  audience: 'sts.amazonaws.com',
                  expirationSeconds: 86_400,
                  path: 'token',
                },
              },
            ],
          },
        },
      },
      {
        op: 'add',
        path: '/spec/containers/0/env',
        value: [
          { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' },
          { name: 'AWS_DEFAULT_REGION', value: region },
          { name: 'AWS_REGION', value: region },
          { name: 'AWS_ROLE_ARN', value: roleArn },
          {
            name: 'AWS_WEB_IDENTITY_TOKEN_FILE',
            value: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
          },
        ],
      },
      {
        op: 'add',
        path: '/spec/containers/0/volumeMounts',
        value: [
          {
            name: 'aws-iam-token',
            readOnly: true,
            mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
          },
        ],
      },
    ]);
  });

  test.each(['both', 'unseen'])(
    'gets its association first, also while its account is not known: %s',
    async (name) => {
      const answer = await answerTo(review(name));
      expect(answer).toMatchObject({ ...allowed, auditAnnotations: { credentials: 'podIdentity' } });
      expect(answer.patch[0]).toEqual({
        op: 'add',
        path: '/metadata/labels/eks.amazonaws.com~1pod-identity',
        value: 'enabled',
      });
      expect(JSON.stringify(answer.patch)).toContain('http://169.254.170.23/v1/credentials');
      expect(JSON.stringify(answer.patch)).not.toContain(roleArn);
    },
  );

  test('waits for an account that was made a moment before', async () => {
    const asked = answerTo(review('late'));
    await world.put(accountKey('late'), accountOf(roleOf));
    expect(await asked).toMatchObject({ ...allowed, auditAnnotations: { credentials: 'webIdentity' } });
  });

  test('waits no longer than it may, and its maker is told; where too many wait it does not wait', async () => {
    const answers = await Promise.all(['no-1', 'no-2', 'no-3', 'no-4'].map((name) => answerTo(review(name))));
    expect(answers).toEqual(
      [1, 2, 3, 4].map((number) => ({
        ...allowed,
        patch: [],
        warnings: [
          `no AWS credentials: service account \`team/no-${number}\` is not known to Entryway; see \`entryway cluster status\``,
        ],
        auditAnnotations: { credentials: 'unknownAccount' },
      })),
    );
  });

  test.each([
    ['a change', { operation: 'UPDATE' }],
    ['a subresource', { subResource: 'ephemeralcontainers' }],
    ['another kind', { kind: { group: '', version: 'v1', kind: 'Binding' } }],
    ['another group', { kind: { group: 'example.com', version: 'v1', kind: 'Pod' } }],
    ['no object', { object: null }],
    ['a namespace that is none', { namespace: '../team' }],
  ])('is meant alone: %s is let be', async (_, change) => {
    expect(await answerTo(review('irsa', change))).toEqual({ ...allowed, patch: [] });
  });
});

describe('what is no question', () => {
  const { request } = review('irsa');
  test.each([
    ['no JSON', '{'],
    ['no object', '[]'],
    ['another kind', { ...review('irsa'), kind: 'TokenReview' }],
    ['another version', { ...review('irsa'), apiVersion: 'admission.k8s.io/v1beta1' }],
    ['without a request', { ...review('irsa'), request: undefined }],
    ['a request that is a list', { ...review('irsa'), request: [] }],
    ['without a uid', { ...review('irsa'), request: { ...request, uid: '' } }],
    ['with a uid without end', { ...review('irsa'), request: { ...request, uid: 'u'.repeat(129) } }],
    ['deep as a well', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
  ])('%s: refused, and nothing of it repeated', async (_, body) => {
    const { status, text } = await ask(body);
    expect([status, text.split('\n')]).toEqual([400, [expect.any(String), '']]);
    expect(text).not.toContain('uuu');
  });

  test('a body without end is not read', async () => {
    const { status } = await ask(
      JSON.stringify({ ...review('irsa'), padding: 'x'.repeat(1536 * 1024) }),
    ).catch(
      // The connection may be cut while it is still being written to.
      () => ({ status: 413 }),
    );
    expect(status).toBe(413);
  });
});

test('each outcome is counted, and nothing else', () => {
  const outcomes = new Set(
    world.outcomes.map(({ webhook, outcome, status }) => `${webhook} ${outcome} ${status}`),
  );
  expect(outcomes).toContain('pods webIdentity 200');
  expect(outcomes).toContain('pods podIdentity 200');
  expect(outcomes).toContain('pods unknownAccount 200');
  expect(outcomes).toContain('pods none 200');
  expect(outcomes).toContain('pods malformed 400');
  expect(JSON.stringify([...outcomes])).not.toMatch(/failed|team|irsa/);
});
