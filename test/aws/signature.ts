/** SigV4 as its specification says, apart from the code that is tested. */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export interface Signed {
  readonly request: IncomingMessage;
  /** Encoded names and values that are signed. */
  readonly pairs: readonly (readonly [name: string, value: string])[];
  readonly signedNames: readonly string[];
  readonly body: string;
  readonly date: string;
  /** Date, region, service, terminator. */
  readonly scope: readonly string[];
  readonly secretAccessKey: string;
}

export function signatureOf(signed: Signed): string {
  const { request, pairs, signedNames, body, date, scope, secretAccessKey } = signed;
  const canonical = [
    request.method,
    '/',
    pairs
      .map(([name, value]) => `${name}=${value}`)
      .sort()
      .join('&'),
    ...signedNames.map((name) => `${name}:${request.headers[name] ?? ''}`),
    '',
    signedNames.join(';'),
    sha256(body),
  ].join('\n');
  let key: Buffer | string = `AWS4${secretAccessKey}`;
  for (const part of scope) key = createHmac('sha256', key).update(part).digest();
  const toSign = ['AWS4-HMAC-SHA256', date, scope.join('/'), sha256(canonical)].join('\n');
  return createHmac('sha256', key).update(toSign).digest('hex');
}

/** Of a request signed by header: which key, for what, and whether the signature is that of the secret. */
export function readAuthorization(
  request: IncomingMessage,
  body: string,
  secretOf: (accessKeyId: string) => string | undefined,
): { readonly accessKeyId: string; readonly scope: string; readonly isSound: boolean } {
  const [, credential = '', names = '', given = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=(\w+)$/.exec(
      request.headers.authorization ?? '',
    ) ?? [];
  const [accessKeyId = '', ...scope] = credential.split('/');
  const secretAccessKey = secretOf(accessKeyId);
  const date = String(request.headers['x-amz-date'] ?? '');
  const isSound =
    secretAccessKey !== undefined &&
    signatureOf({ request, pairs: [], signedNames: names.split(';'), body, date, scope, secretAccessKey }) ===
      given;
  return { accessKeyId, scope: scope.slice(1).join('/'), isSound };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
