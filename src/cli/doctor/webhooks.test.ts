import { expect, test } from 'vitest';
import type { Answer, Call } from './call.ts';
import { isGood } from './finding.ts';
import { checkWebhooks } from './webhooks.ts';

const now = Date.parse('2026-11-21T09:00:00Z');
const base = 'https://203.0.113.7:4745/clusters/111122223333/us-east-1/prod';
const target = { certificateAuthority: '', certificate: 'none', key: '' };
const user = { username: 'alice', uid: 'u', groups: ['dev'], extra: { k: ['v'] } };

interface Sent {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: {
    readonly token?: string;
    readonly user?: string;
    readonly audiences?: readonly string[];
  };
}

/** A server that behaves, but for what `change` makes of an answer. */
function server(change: (answer: Answer, sent: Sent) => Answer | Error = (answer) => answer): Call {
  return async (_, body, options) => {
    const sent = body as Sent;
    const status =
      sent.kind === 'TokenReview'
        ? sent.spec.token === 'good'
          ? { authenticated: true, user }
          : { authenticated: false, user: {}, error: 'token is not one of ours' }
        : { allowed: sent.spec.user === 'alice' };
    const answer: Answer = {
      status: options?.withoutCertificate ? 401 : 200,
      headers: { date: new Date(now).toUTCString() },
      body: JSON.stringify({ kind: sent.kind, apiVersion: sent.apiVersion, status }),
      milliseconds: 5,
      serverCertificateEnds: now + 300 * 86_400_000,
    };
    const changed = change(answer, sent);
    if (changed instanceof Error) throw changed;
    return changed;
  };
}

/** Everything found, without what is said of the certificate: it needs a real one. */
async function found(call: Call, token = 'good', isGiven = false): Promise<readonly string[]> {
  const findings = await checkWebhooks({
    authenticate: { ...target, url: `${base}/authenticate` },
    authorize: { ...target, url: `${base}/authorize` },
    token: { text: token, whose: 'a token of alice', isGiven },
    call,
    now: () => now,
  });
  return findings
    .filter(({ code }) => code !== 'clientCertificate')
    .map((one) => `${isGood(one) ? '' : `${one.severity} `}${one.code}: ${one.message}`);
}

const bad = (lines: readonly string[]): readonly string[] =>
  lines.filter((text) => /^(?:error|warning) /.test(text)).map((text) => text.slice(0, text.indexOf(':')));

const statusOf = (status: Record<string, unknown>) => (answer: Answer, sent: Sent) => ({
  ...answer,
  body: JSON.stringify({ ...sent, status }),
});
const failing = (code: string) => () => Object.assign(new Error(code), { code });

test('a server that behaves is fine throughout', async () => {
  const lines = await found(server());
  expect(bad(lines)).toEqual([]);
  expect(lines).toContain('token: a token of alice is user `alice`, in `dev`');
  expect(lines).toContain('allowed: an access policy allows `alice` to list pods in `default`');
});

test('a server that knows the API server’s audiences answers for these alone', async () => {
  const lines = await found(
    server((answer, sent) => {
      if (sent.spec.token !== 'good') return answer;
      return sent.spec.audiences === undefined
        ? statusOf({ authenticated: true, user, audiences: ['https://api'] })(answer, sent)
        : statusOf({ authenticated: false, error: 'token is for other audiences' })(answer, sent);
    }),
  );
  expect(bad(lines)).toEqual([]);
  expect(lines).toContain('audiences: the answer is for `https://api` alone');
});

test('a refused token is no fault unless the operator named whose it is', async () => {
  expect(bad(await found(server(), 'other'))).toEqual([]);
  expect(bad(await found(server(), 'other', true))).toEqual(['error token']);
});

test.each<[string, Call, readonly string[]]>([
  ['accepts everything', server(statusOf({ authenticated: true, user, allowed: true })), ['error garbage']],
  ['denies', server(statusOf({ allowed: false, denied: true })), ['error denied', 'error denied']],
  [
    'does not know v1beta1',
    server((answer, sent) => (sent.apiVersion.endsWith('v1beta1') ? { ...answer, status: 400 } : answer)),
    ['error status', 'error status'],
  ],
  [
    'always answers in v1',
    server((answer) => ({ ...answer, body: answer.body.replace('v1beta1', 'v1') })),
    ['error versionEcho', 'error versionEcho'],
  ],
  ['answers text', server((answer) => ({ ...answer, body: 'ok' })), Array(5).fill('error body')],
  [
    'refuses the certificate',
    server((answer) => ({ ...answer, status: 401 })),
    Array(5).fill('error clientCertificateRefused'),
  ],
  [
    'lets everybody in',
    server((answer) => ({ ...answer, status: 200 })),
    ['error plainAccess', 'error plainAccess'],
  ],
  [
    'returns an audience nobody asked for',
    server((answer, sent) =>
      sent.spec.token === 'good'
        ? statusOf({ authenticated: true, user, audiences: ['other'] })(answer, sent)
        : answer,
    ),
    ['error audiences'],
  ],
  [
    'returns every audience that is asked for',
    server((answer, sent) =>
      sent.spec.token === 'good'
        ? statusOf({ authenticated: true, user, audiences: sent.spec.audiences })(answer, sent)
        : answer,
    ),
    ['error audiences'],
  ],
  [
    'refuses whenever audiences are asked for',
    server((answer, sent) =>
      sent.spec.audiences === undefined ? answer : statusOf({ authenticated: false })(answer, sent),
    ),
    ['error audiences'],
  ],
  ['is slow', server((answer) => ({ ...answer, milliseconds: 3000 })), ['warning slow']],
  [
    'has another time',
    server((answer) => ({ ...answer, headers: { date: new Date(now - 3_600_000).toUTCString() } })),
    ['error clock'],
  ],
  [
    'has its clock a minute off',
    server((answer) => ({ ...answer, headers: { date: new Date(now + 60_000).toUTCString() } })),
    ['warning clock'],
  ],
  [
    'has a certificate that ends soon',
    server((answer) => ({ ...answer, serverCertificateEnds: now + 86_400_000 })),
    ['warning serverCertificateEnds'],
  ],
  ['is not there', server(failing('ECONNREFUSED')), ['error unreachable']],
  ['has no such name', server(failing('ERR_TLS_CERT_ALTNAME_INVALID')), ['error serverName']],
  ['is another one', server(failing('UNABLE_TO_VERIFY_LEAF_SIGNATURE')), ['error serverChain']],
  [
    'refuses in the handshake',
    server(failing('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')),
    ['error clientCertificateRefused'],
  ],
])('a server that %s', async (_, call, expected) => {
  expect(bad(await found(call))).toEqual(expected);
});

test('a handshake that is refused without a certificate is as good as a 401', async () => {
  const call: Call = async (to, body, options) => {
    if (options?.withoutCertificate) throw failing('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED')();
    return server()(to, body);
  };
  expect(bad(await found(call))).toEqual([]);
});
