import { request as httpsRequest } from 'node:https';
import { describe, expect, test, vi } from 'vitest';
import { blockKey } from '../../src/storage/records/keys.ts';
import { configMaps, openAdmissionWorld } from './admissionworld.ts';
import { clusterPath } from './fixture.ts';
import { allow, deny, type HookAnswer, patch } from './webhookserver.ts';

const world = openAdmissionWorld();
const { hook, create, exists, auditEvent, asked, made, blocked } = world;

describe('what a webhook refuses', () => {
  test.each<[Record<string, unknown> | undefined, number, string, string | undefined]>([
    [undefined, 400, 'without explanation', undefined],
    [{ message: 'no' }, 400, ': no', undefined],
    [{ reason: 'Because' }, 400, ': Because', 'Because'],
    [{ code: 403, message: 'no', reason: 'Forbidden' }, 403, ': no', 'Forbidden'],
    [{ code: 200, status: 'Success', message: 'no' }, 400, ': no', undefined],
    [{ code: 9000, message: 'no' }, 400, ': no', undefined],
  ])('%j is told with %i and not stored', async (status, code, text, reason) => {
    await hook(() => deny(status));
    const answer = await create();
    const separator = text.startsWith(':') ? '' : ' ';
    expect(answer.body).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      code,
      message: `admission webhook "one.example.com" denied the request${separator}${text}`,
    });
    expect([answer.status, answer.body.reason]).toEqual([code, reason]);
    expect(await exists(`c${world.count}`)).toBe(false);
  });

  test('a reason of Kubernetes’ own is told as the webhook’s, and what else it says is not recorded', async () => {
    await hook(() => deny({ code: 409, reason: 'AlreadyExists', message: 'taken' }));
    const apply = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'taken' } };
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    const answers = [
      await create({ metadata: { generateName: 'taken-' } }),
      await world.api.call('PATCH', `${configMaps}/taken?fieldManager=t`, { body: apply, headers }),
    ];
    for (const { status, body } of answers) {
      expect([status, body.message]).toEqual([
        409,
        'admission webhook "one.example.com" denied the request: taken',
      ]);
    }
    expect(world.server.seen).toHaveLength(2);
    world.server.hooks.set('/one', () => deny({ code: 403, reason: 'not hunter2', message: 'not hunter2' }));
    const event = await auditEvent(await create());
    expect(event?.responseStatus).toEqual({ metadata: {}, status: 'Failure', code: 403 });
  });

  test('an update, a patch, an apply and a delete stay undone', async () => {
    await create({ data: { a: '1' } });
    const path = `${configMaps}/c${world.count}`;
    await hook(() => deny({ message: 'no' }));
    const body = { metadata: { name: `c${world.count}` }, data: { a: '2' } };
    const types = { 'content-type': 'application/merge-patch+json' };
    const apply = { apiVersion: 'v1', kind: 'ConfigMap', ...body };
    const answers = [
      await world.api.call('PUT', path, { body }),
      await world.api.call('PATCH', path, { body, headers: types }),
      await world.api.call('PATCH', `${path}?fieldManager=t&force=true`, {
        body: apply,
        headers: { 'content-type': 'application/apply-patch+yaml' },
      }),
      await world.api.call('DELETE', path),
      await world.api.call('DELETE', configMaps),
      await world.api.call('PUT', `${path}?dryRun=All`, { body }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400]);
    expect((await world.api.call('GET', path)).body.data).toEqual({ a: '1' });
    expect(world.server.seen.map(({ review }) => review.request.operation)).toEqual([
      'UPDATE',
      'UPDATE',
      'UPDATE',
      'DELETE',
      'DELETE',
      'UPDATE',
    ]);
  });

  test('the first of two that refuse is told, whichever is faster', async () => {
    await hook(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return deny({ message: 'first' });
    });
    await hook(() => deny({ message: 'second' }), { name: 'two' });
    expect((await create()).body.message).toContain('"one.example.com" denied the request: first');
    expect(world.server.seen).toHaveLength(2);
  });
});

describe('a webhook that cannot be asked', () => {
  const reject: [string, () => HookAnswer, string][] = [
    [
      'a redirect, which is not followed',
      () => ({ status: 307, headers: { location: `https://127.0.0.1:${world.server.port}/other` }, raw: '' }),
      'failed to call webhook: the server responded with the status code 307 but did not return more information',
    ],
    [
      'a 404',
      () => ({ status: 404, raw: '' }),
      'failed to call webhook: the server could not find the requested resource',
    ],
    [
      'a 500, of which nothing is repeated',
      () => ({ status: 500, raw: 'secret' }),
      'failed to call webhook: an error on the server ("unknown") has prevented the request from succeeding',
    ],
    ['no JSON', () => ({ raw: '<html>' }), 'failed to call webhook: the answer is not an AdmissionReview'],
    ['no response', () => ({ raw: '{}' }), 'received invalid webhook response: webhook response was absent'],
    [
      'an answer to another question',
      () => ({ response: { uid: 'other', allowed: true } }),
      '', // told below: it names the uid
    ],
    ['an answer of another version', () => ({ raw: '' }), ''],
    [
      'a patch of a validating webhook',
      () => patch([]),
      'received invalid webhook response: validating webhook may not return response.patch',
    ],
    [
      'a truthy text for `allowed`',
      () => ({ response: { allowed: 'true' } }),
      'failed to call webhook: the answer is not an AdmissionReview',
    ],
    [
      'a change of protocol',
      () => ({ bytes: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n' }),
      `failed to call webhook: Post "URL?timeout=10s": the server wants to speak another protocol`,
    ],
    [
      'an answer without end',
      () => ({ raw: ' '.repeat(6 * 1024 * 1024) }),
      `failed to call webhook: Post "URL?timeout=10s": the answer is longer than 5242880 bytes`,
    ],
  ];

  test.each(reject)('%s refuses the write', async (what, answer, text) => {
    await hook(({ uid }) =>
      what.includes('version')
        ? {
            raw: JSON.stringify({
              apiVersion: 'admission.k8s.io/v2',
              kind: 'AdmissionReview',
              response: { uid, allowed: true },
            }),
          }
        : answer(),
    );
    const { status, body } = await create();
    const reason =
      text ||
      (what.includes('version')
        ? 'received invalid webhook response: expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got admission.k8s.io/v2, Kind=AdmissionReview'
        : `received invalid webhook response: expected response.uid="${world.server.seen[0]?.review.request.uid}", got "other"`);
    const url = `https://127.0.0.1:${world.server.port}/one`;
    const said = `failed calling webhook "one.example.com": ${reason.replace('URL', url)}`;
    expect(body).toMatchObject({ reason: 'InternalError', message: `Internal error occurred: ${said}` });
    expect([status, body.details.causes]).toEqual([500, [{ message: said }]]);
    expect(world.server.seen.map(({ path }) => path)).toEqual(['/one?timeout=10s']);
  });

  test('silence ends with its time, which the webhook is told', async () => {
    world.giveTime((milliseconds) =>
      milliseconds === 3000 ? AbortSignal.timeout(30) : new AbortController().signal,
    );
    await hook(() => 'silence', { webhook: { timeoutSeconds: 3 } });
    const { status, body } = await create();
    expect([status, body.message]).toEqual([
      500,
      `Internal error occurred: failed calling webhook "one.example.com": failed to call webhook: Post "https://127.0.0.1:${world.server.port}/one?timeout=3s": context deadline exceeded`,
    ]);
    expect(asked).toEqual([34_000, 3000]);
  });

  test('the request’s own time ends all of them, also those that may fail', async () => {
    world.giveTime((milliseconds) =>
      milliseconds === 34_000 ? AbortSignal.timeout(30) : new AbortController().signal,
    );
    await hook(() => 'silence', { webhook: { failurePolicy: 'Ignore' } });
    const { status, body } = await create();
    expect([status, body.message]).toEqual([
      504,
      'Timeout: request did not complete within requested timeout',
    ]);
  });

  test('a block made while it was asked counts', async () => {
    await hook(async () => {
      const key = blockKey('principalId', 'AROAMALLORY0000000000');
      await blocked.commit({ changes: [{ type: 'put', key, value: '{}' }] });
      return allow;
    });
    const body = { metadata: { name: 'of-mallory' } };
    expect((await world.api.call('POST', configMaps, { token: 'mallory', body })).status).toBe(401);
    expect([world.server.seen.length, await exists('of-mallory')]).toEqual([1, false]);
  });

  test('a client that hangs up ends it', async () => {
    let began = (): void => undefined;
    const begun = new Promise<void>((resolve) => {
      began = resolve;
    });
    await hook(() => {
      began();
      return 'silence';
    });
    const before = world.api.outcomes.length;
    const body = JSON.stringify({ metadata: { name: 'hung-up' } });
    const request = httpsRequest({
      host: '127.0.0.1',
      port: world.api.port,
      path: clusterPath + configMaps,
      method: 'POST',
      ca: world.api.caPem,
      agent: false,
      headers: {
        authorization: 'Bearer admin',
        'content-type': 'application/json',
        'content-length': body.length,
      },
    });
    request.on('error', () => undefined);
    request.end(body);
    await begun;
    request.destroy();
    await expect.poll(() => world.api.outcomes.length).toBe(before + 1);
    expect(world.api.outcomes.at(-1)?.status).toBe(500);
  });

  test.each([
    [
      'nobody’s certificate',
      { caBundle: 'CA' },
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    ],
    [
      'a CA that is none',
      { caBundle: Buffer.from('x').toString('base64') },
      'certificate signed by unknown authority|unable to load root certificates',
    ],
    [
      'another host',
      { url: 'https://127.0.0.2:PORT/one' },
      'certificate is not valid for 127.0.0.2|connection refused',
    ],
    [
      'a closed port',
      { url: 'https://127.0.0.1:1/one' },
      'dial tcp 127.0.0.1:1: connect: connection refused',
    ],
    [
      'another machine',
      { url: 'https://192.0.2.1/one' },
      'dial tcp: 192.0.2.1 is not this machine: the server.s operator allows it with --admission-webhook-host',
    ],
    [
      'a name that somebody resolves',
      { url: 'https://metadata.example/one' },
      'dial tcp: metadata.example is not this machine',
    ],
  ])('%s is not trusted', async (_, client, text) => {
    const clientConfig = {
      url: `https://127.0.0.1:${world.server.port}/one`,
      caBundle: world.server.caBundle,
      ...client,
    };
    clientConfig.url = clientConfig.url.replace('PORT', String(world.server.port));
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    vi.spyOn(process, 'emitWarning').mockReturnValue();
    if (clientConfig.caBundle === 'CA')
      clientConfig.caBundle = Buffer.from(world.api.caPem).toString('base64');
    await hook(() => allow, { webhook: { clientConfig } });
    const { status, body } = await create();
    expect([status, body.message]).toEqual([500, expect.stringMatching(text)]);
    expect(world.server.seen).toEqual([]);
  });

  test('is passed over when its configuration says so', async () => {
    await hook(() => ({ status: 500, raw: '' }), { webhook: { failurePolicy: 'Ignore' } });
    expect((await create()).status).toBe(201);
    expect(world.server.seen).toHaveLength(1);
  });

  test('can always be taken away again', async () => {
    await hook(() => deny(), { resources: ['*/*'], apiGroups: ['*'] });
    expect((await create()).status).toBe(400);
    const [path = ''] = made.splice(0);
    expect((await world.api.call('DELETE', path)).status).toBe(200);
    expect((await create()).status).toBe(201);
  });
});
