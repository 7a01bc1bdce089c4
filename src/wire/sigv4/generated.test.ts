import { createHash, createHmac, randomInt } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { expect, test } from 'vitest';
import type { HttpRequest } from '../protocols/http.ts';
import { percentEncode } from './canonical.ts';
import {
  exampleLookup,
  exampleNow,
  exampleSession,
  exampleSessionToken,
  exampleUser,
  signedExample,
  signingScope,
} from './examples.ts';
import { verifyRequest } from './verify.ts';

/** Requests signed by AWS's own signer must verify, and no byte of them may be changed unnoticed. */

const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
console.log(`seed of the generated requests: ${seed}`);

/** mulberry32 */
let state = seed;
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (limit: number): number => Math.floor(random() * limit);
const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
const several = <T>(most: number, make: (index: number) => T): T[] =>
  Array.from({ length: below(most + 1) }, (_, index) => make(index));

const letters = [...'abzAZ09-._~ :/?#[]@!$&\'()*+,;=%"<>\\^`{|}é€𝒳'];
const text = (most: number): string => several(most, () => pick(letters)).join('');

/** Another spelling of the same query text: some clients encode more, some less, some in lower case. */
function respell(encoded: string): string {
  return encoded.replace(/%[0-9A-F]{2}|[A-Za-z0-9]/g, (found) => {
    const choice = below(12);
    if (found.length === 3) {
      if (choice === 0) return found.toLowerCase();
      const plain = String.fromCharCode(Number.parseInt(found.slice(1), 16));
      return choice === 1 && /[:/?@!$'()*,;[\]]/.test(plain) ? plain : found;
    }
    return choice === 0 ? `%${found.charCodeAt(0).toString(16).toUpperCase()}` : found;
  });
}

class NodeSha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', toBytes(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(toBytes(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

function signer(service: string, session: boolean): SignatureV4 {
  const credential = session ? exampleSession : exampleUser;
  return new SignatureV4({
    service,
    region: 'us-east-1',
    sha256: NodeSha256,
    uriEscapePath: true,
    credentials: {
      accessKeyId: credential.principal.accessKeyId,
      secretAccessKey: credential.secretAccessKey,
      ...(session ? { sessionToken: exampleSessionToken } : {}),
    },
  });
}

async function generate(): Promise<{ readonly request: HttpRequest; readonly service: string }> {
  const service = pick(['eks', 'iam', 'sts', 'cloudtrail']);
  const segments = several(4, () => percentEncode(text(6))).filter((part) => !['', '.', '..'].includes(part));
  const path = `/${segments.join('/')}${segments.length > 0 && below(4) === 0 ? '/' : ''}`;
  const query = Object.fromEntries(several(4, (index) => [`${text(5)}${index}`, text(8)]));
  const body = below(2) === 0 ? '' : text(40);
  const headers: Record<string, string> = {
    host: pick(['eks.us-east-1.amazonaws.com', '127.0.0.1:4700', '[::1]:4700']),
  };
  if (body !== '') headers['content-type'] = pick(['application/json', 'application/x-www-form-urlencoded']);
  for (const index of several(3, (at) => at))
    headers[`x-note-${index}`] =
      `${pick(['', ' ', '\t'])}a${pick([' ', '   '])}${pick(['b', ',', '"c  d"'])} `;
  const unsigned = {
    method: pick(['GET', 'POST', 'PUT', 'DELETE']),
    protocol: 'https:',
    hostname: 'x',
    path,
    query,
    headers,
  };
  const by = signer(service, below(2) === 0);
  const at = { signingDate: new Date(exampleNow) };
  const signed =
    below(4) === 0
      ? await by.presign({ ...unsigned }, { ...at, expiresIn: 60 })
      : await by.sign({ ...unsigned, body }, at);
  const pairs = Object.entries((signed.query ?? {}) as Record<string, string>);
  return {
    service,
    request: {
      method: signed.method,
      path: signed.path,
      query: pairs
        .map(([name, value]) => {
          const encoded = [percentEncode(name), percentEncode(value)];
          // Our claims are read by their exact name, so only the others are respelled.
          return (name.startsWith('X-Amz-') ? encoded : encoded.map(respell)).join('=');
        })
        .sort(() => random() - 0.5)
        .join('&'),
      headers: Object.entries(signed.headers).map(
        ([name, value]) => [name.toLowerCase(), Buffer.from(value).toString('latin1')] as const,
      ),
      body: Buffer.from('body' in signed && typeof signed.body === 'string' ? signed.body : ''),
    },
  };
}

const verify = (request: HttpRequest, service: string) =>
  verifyRequest(request, {
    now: exampleNow,
    lookup: exampleLookup,
    service,
    regions: ['us-east-1'],
    maxSkewMs: 300_000,
  });

test('requests signed by the AWS SDK verify, whatever their path, query, headers and body', async () => {
  for (let count = 0; count < 1500; count++) {
    const { request, service } = await generate();
    const outcome = await verify(request, service);
    if (outcome.outcome !== 'verified') {
      throw new Error(`seed ${seed}, request ${count}: ${outcome.message} ${JSON.stringify(request)}`);
    }
  }
});

/** Every single byte of every signed part, changed to several others. */
function* mutations(request: HttpRequest): Generator<readonly [string, HttpRequest]> {
  const replacements = ['a', 'Z', '0', '%', '&', '=', '/', ' ', '+', '\u00e9'];
  const changed = function* (value: string): Generator<string> {
    for (let at = 0; at < value.length; at++) {
      for (const by of [pick(replacements), String.fromCharCode(value.charCodeAt(at) ^ 1)]) {
        if (by !== value[at]) yield value.slice(0, at) + by + value.slice(at + 1);
      }
      yield value.slice(0, at) + value.slice(at + 1);
    }
  };
  for (const method of changed(request.method)) yield [`method ${method}`, { ...request, method }];
  for (const path of changed(request.path)) yield [`path ${path}`, { ...request, path }];
  for (const query of changed(request.query)) yield [`query ${query}`, { ...request, query }];
  for (const body of changed(Buffer.from(request.body).toString('latin1'))) {
    yield [`body ${body}`, { ...request, body: Buffer.from(body, 'latin1') }];
  }
  for (const [index, [name, value]] of request.headers.entries()) {
    for (const other of changed(value)) {
      const headers = request.headers.with(index, [name, other]);
      yield [`header ${name}: ${other}`, { ...request, headers }];
    }
  }
}

/** What a request means once spaces that HTTP itself does not keep are gone. */
const meaning = (request: HttpRequest): string =>
  JSON.stringify([
    request.method,
    request.path,
    request.query,
    request.headers.map(([name, value]) => [
      name,
      name === 'authorization' ? value.replace(/ *, */g, ', ').trim() : value.trim().replace(/[ \t]+/g, ' '),
    ]),
    Buffer.from(request.body).toString('latin1'),
  ]);

test('no single changed byte goes unnoticed', async () => {
  const originals = [
    {
      service: 'eks',
      request: signedExample(
        {
          method: 'GET',
          path: '/clusters/c1/access-entries/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fops',
          query: 'maxResults=10&nextToken=a%2Fb%3D',
          headers: { 'content-type': 'application/json' },
          body: '{"a":[1]}',
        },
        signingScope(exampleUser, { service: 'eks' }),
      ),
    },
    {
      service: 'iam',
      request: signedExample(
        { headers: { 'x-amz-target': 'X.Y' }, body: 'Action=CreateUser&UserName=bob' },
        signingScope(exampleSession, { service: 'iam', sessionToken: exampleSessionToken }),
      ),
    },
    await generate(),
    await generate(),
  ];
  let tried = 0;
  for (const { request, service } of originals) {
    expect((await verify(request, service)).outcome).toBe('verified');
    for (const [name, mutated] of mutations(request)) {
      if (meaning(mutated) === meaning(request)) continue;
      if (sameQuery(mutated, request)) continue;
      const outcome = await verify(mutated, service);
      if (outcome.outcome !== 'refused')
        throw new Error(`seed ${seed}: accepted ${name} of ${JSON.stringify(request)}`);
      tried++;
    }
  }
  expect(tried).toBeGreaterThan(1000);
});

/** `%2f` and `%2F`, `a` and `a=`: the same parameters spelled otherwise, which is no change. */
function sameQuery(a: HttpRequest, b: HttpRequest): boolean {
  if (a.query === b.query) return false;
  const decoded = (query: string): string => {
    try {
      return JSON.stringify(
        query
          .split('&')
          .map((piece) => {
            const [name = '', ...rest] = piece.split('=');
            return [decodeURIComponent(name), decodeURIComponent(rest.join('='))];
          })
          .sort(),
      );
    } catch {
      return query;
    }
  };
  return decoded(a.query) === decoded(b.query);
}
