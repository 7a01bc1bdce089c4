import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createToken, execCredential } from './create.ts';
import { isRegionLabel, isStsHost, regionOfHost } from './hosts.ts';
import { parseToken, tokenPrefix } from './parse.ts';
import { parseStsResponse } from './stsresponse.ts';
import { verifyToken } from './verify.ts';

/** The public vectors, where they lie beside the checkout; the other tests here carry a hand-picked set of our own. */
const file = resolve(import.meta.dirname, '../../../../shared/reference/token-vectors.json');
const present = existsSync(file);

interface Vector {
  readonly name: string;
  readonly kind: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly expect: {
    readonly ok?: boolean;
    readonly error?: string;
    readonly region?: string;
    readonly identity?: Readonly<Record<string, string>>;
    readonly token?: string;
    readonly json?: unknown;
  };
  /** Ours differs from upstream on purpose; then the kind of error is a suggestion. */
  readonly deviation?: string;
}
interface VectorFile {
  readonly meta: { readonly defaults: { readonly now: string; readonly partition: string } };
  readonly vectors: readonly Vector[];
}

const data: VectorFile = present
  ? (JSON.parse(readFileSync(file, 'utf8')) as VectorFile)
  : { meta: { defaults: { now: '', partition: '' } }, vectors: [] };
const ofKind = (kind: string) =>
  data.vectors.filter((vector) => vector.kind === kind).map((vector) => [vector.name, vector] as const);
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function tokenOf({ input }: Vector): string {
  const encode = (bytes: Uint8Array): string => tokenPrefix + Buffer.from(bytes).toString('base64url');
  if (typeof input.token === 'string') return input.token;
  if (typeof input.url === 'string') return encode(Buffer.from(input.url));
  if (typeof input.urlHex === 'string') return encode(Buffer.from(input.urlHex, 'hex'));
  const generator = input.tokenGenerator as {
    repeat?: string;
    count?: number;
    url?: string;
    padChar?: string;
    urlBytes?: number;
  };
  if (generator.repeat !== undefined) return generator.repeat.repeat(generator.count ?? 0);
  return encode(Buffer.from((generator.url ?? '').padEnd(generator.urlBytes ?? 0, generator.padChar)));
}

describe.skipIf(!present)('the public token vectors', () => {
  test('are all there', () => {
    const counts = [
      'token',
      'url',
      'host',
      'host-region',
      'region-syntax',
      'sts-response',
      'presign',
      'exec-credential',
    ].map((kind) => ofKind(kind).length);
    expect(counts).toEqual([12, 165, 49, 4, 6, 22, 3, 2]);
  });

  test.each([...ofKind('token'), ...ofKind('url')])('%s', (_name, vector) => {
    const parsed = parseToken(tokenOf(vector), {
      now: Date.parse(text(vector.input.now) ?? data.meta.defaults.now),
      partition: text(vector.input.partition) ?? data.meta.defaults.partition,
    });
    expect(parsed.ok).toBe(vector.expect.ok);
    if (!parsed.ok && vector.deviation === undefined) expect(parsed.error).toBe(vector.expect.error);
  });

  test.each(ofKind('host'))('%s', (_name, { input, expect: expected }) => {
    const ownRegion = text(input.region);
    const options = { partition: text(input.partition) ?? '', ...(ownRegion ? { ownRegion } : {}) };
    expect(isStsHost(text(input.host) ?? '', options)).toBe(expected.ok);
  });

  test.each(ofKind('host-region'))('%s', (_name, { input, expect: expected }) => {
    expect(regionOfHost(text(input.host) ?? '')).toBe(expected.region);
  });

  test.each(ofKind('region-syntax'))('%s', (_name, { input, expect: expected }) => {
    expect(isRegionLabel(text(input.region) ?? '')).toBe(expected.ok);
  });

  test.each(ofKind('sts-response'))('STS answers: %s', (_name, { input, expect: expected, deviation }) => {
    const answer = parseStsResponse({ status: Number(input.status), body: text(input.body) ?? '' });
    expect(answer.ok).toBe(expected.ok);
    if (answer.ok) {
      const { accessKeyId, stsEndpoint, ...identity } = expected.identity ?? {};
      expect([answer.identity, typeof accessKeyId, typeof stsEndpoint]).toEqual([
        identity,
        'string',
        'string',
      ]);
    } else if (deviation === undefined) {
      expect(answer.error).toBe(expected.error);
    }
  });

  test.each(ofKind('presign'))('%s', async (_name, { input, expect: expected }) => {
    const decoded = (name: string): string =>
      text(input[name]) ?? Buffer.from(text(input[`${name}Base64`]) ?? '', 'base64').toString();
    const sessionToken = text(input.sessionToken);
    const now = Date.parse(text(input.time) ?? '');
    const clusterId = text(input.clusterId) ?? '';
    const credentials = {
      accessKeyId: decoded('accessKeyId'),
      secretAccessKey: decoded('secretAccessKey'),
      ...(sessionToken ? { sessionToken } : {}),
    };
    const token = createToken({
      credentials,
      region: text(input.region) ?? '',
      clusterName: clusterId,
      now,
      host: text(input.host) ?? '',
    });
    expect(token).toBe(expected.token);
    const principal = {
      kind: 'root',
      accountId: '111122223333',
      partition: 'aws',
      arn: 'arn:aws:iam::111122223333:root',
      userId: '111122223333',
      principalId: '111122223333',
      principalArn: 'arn:aws:iam::111122223333:root',
      accessKeyId: credentials.accessKeyId,
    } as const;
    const lookup = async () => ({
      status: 'known' as const,
      credential: { secretAccessKey: credentials.secretAccessKey, principal },
    });
    expect(await verifyToken(token, { now, clusterId, partition: 'aws', lookup })).toMatchObject({
      ok: true,
    });
    expect(
      await verifyToken(token, { now, clusterId: `${clusterId}x`, partition: 'aws', lookup }),
    ).toMatchObject({ error: 'bad_signature' });
  });

  test.each(ofKind('exec-credential'))('%s', (_name, { input, expect: expected }) => {
    const execInfo = input.execInfo === null ? undefined : JSON.stringify(input.execInfo);
    expect(
      execCredential({ token: text(input.token) ?? '', now: Date.parse(text(input.now) ?? ''), execInfo }),
    ).toEqual(expected.json);
  });
});
