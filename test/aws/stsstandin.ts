/**
 * AWS's STS as far as GetCallerIdentity goes: judges presigned requests by keys it knows, with arithmetic of its own, so
 * that a request rebuilt in the wrong way is refused here as it would be there. Can misbehave on demand.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readAuthorization, signatureOf } from './signature.ts';
import { createTlsStandIn, type TlsStandIn } from './tlsstandin.ts';

export interface StandInKey {
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** What GetCallerIdentity reports. */
  readonly account: string;
  readonly arn: string;
  readonly userId: string;
}

/** What the stand-in does instead of judging. */
export type Misbehaviour =
  | { readonly kind: 'status'; readonly status: number; readonly body?: string; readonly location?: string }
  | { readonly kind: 'hang' }
  /** Headers and half an answer, then the end of the connection. */
  | { readonly kind: 'cut' }
  /** The end of the connection before any answer. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'body'; readonly body: string };

export interface StsStandInOptions {
  /** Before each answer. */
  readonly delayMs?: number;
  readonly keys?: Readonly<Record<string, StandInKey>>;
  /** Names in its certificate. */
  readonly hosts?: readonly string[];
  readonly certificateEnds?: number;
  readonly now?: () => number;
}

export interface StsStandIn extends TlsStandIn {
  /** From the next request on; undefined judges again. */
  misbehave(how: Misbehaviour | undefined): void;
  /** Adds a key, or replaces it; undefined removes it. */
  setKey(accessKeyId: string, key: StandInKey | undefined): void;
  /** Raw request line and headers of the last request. */
  last(): { readonly method: string; readonly url: string; readonly headers: readonly string[] } | undefined;
  /** Answers that were held back with `hold` are given now. */
  release(): void;
  /** Holds answers back until `release`; `calls` tells how many have come. */
  hold(): void;
}

const stsHosts = ['sts.us-east-1.amazonaws.com', 'sts.eu-west-1.amazonaws.com', 'sts.amazonaws.com'] as const;

export async function createStsStandIn({
  delayMs = 0,
  keys = {},
  hosts = stsHosts,
  certificateEnds,
  now = Date.now,
}: StsStandInOptions = {}): Promise<StsStandIn> {
  const known = new Map(Object.entries(keys));
  let how: Misbehaviour | undefined;
  let last: ReturnType<StsStandIn['last']>;
  let held: (() => void)[] | undefined;

  const answer = (request: IncomingMessage, body: string, response: ServerResponse): void => {
    if (how !== undefined) {
      misbehave(how, request, response);
      return;
    }
    const { status, value } = judge(request, body, known, now());
    const text = JSON.stringify(value);
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  };

  const standIn = await createTlsStandIn({
    hosts,
    ...(certificateEnds !== undefined && { certificateEnds }),
    handle(request, body, response) {
      last = { method: request.method ?? '', url: request.url ?? '', headers: request.rawHeaders };
      const run = (): void => answer(request, body, response);
      if (held !== undefined) held.push(run);
      else if (delayMs > 0) setTimeout(run, delayMs);
      else run();
    },
  });
  return {
    ...standIn,
    misbehave(next) {
      how = next;
    },
    setKey(accessKeyId, key) {
      if (key === undefined) known.delete(accessKeyId);
      else known.set(accessKeyId, key);
    },
    last: () => last,
    hold() {
      held ??= [];
    },
    release() {
      const runs = held ?? [];
      held = undefined;
      for (const run of runs) run();
    },
  };
}

function misbehave(how: Misbehaviour, request: IncomingMessage, response: ServerResponse): void {
  switch (how.kind) {
    case 'status':
      response.writeHead(how.status, how.location === undefined ? {} : { location: how.location });
      response.end(how.body ?? '');
      return;
    case 'hang':
      return;
    case 'cut':
      response.writeHead(200, { 'content-length': '500' });
      response.write('{"GetCallerIdentityResponse":');
      setImmediate(() => request.socket.destroy());
      return;
    case 'reset':
      request.socket.destroy();
      return;
    case 'body':
      response.end(how.body);
      return;
    default:
      throw new Error(`unknown misbehaviour ${(how satisfies never as Misbehaviour).kind}`);
  }
}

/** Whose are these keys? Signed by header, as who holds them asks. */
function judgeOwner(
  request: IncomingMessage,
  body: string,
  keys: ReadonlyMap<string, StandInKey>,
): Judgement {
  const { accessKeyId, scope, isSound } = readAuthorization(
    request,
    body,
    (id) => keys.get(id)?.secretAccessKey,
  );
  const key = keys.get(accessKeyId);
  if (key === undefined || !isSound || !scope.endsWith('/sts/aws4_request')) {
    return refuse(403, 'InvalidClientTokenId');
  }
  return identity(key);
}

interface Judgement {
  readonly status: number;
  readonly value: unknown;
}

/** In the order STS does (token-facts 5). */
function judge(
  request: IncomingMessage,
  body: string,
  keys: ReadonlyMap<string, StandInKey>,
  now: number,
): Judgement {
  if (request.method === 'POST') return judgeOwner(request, body, keys);
  const [path, query = ''] = (request.url ?? '').split('?');
  const pairs = query.split('&').map((pair) => pair.split('=') as [string, string]);
  const values = new Map(pairs.map(([name, value]) => [name, decodeURIComponent(value)]));
  if (path !== '/' || body !== '' || values.get('Action') !== 'GetCallerIdentity') {
    return refuse(400, 'InvalidAction');
  }
  const [accessKeyId = '', ...scope] = (values.get('X-Amz-Credential') ?? '').split('/');
  const key = keys.get(accessKeyId);
  if (key === undefined || key.sessionToken !== values.get('X-Amz-Security-Token')) {
    return refuse(403, 'InvalidClientTokenId');
  }
  const signedNames = (values.get('X-Amz-SignedHeaders') ?? '').split(';');
  const date = values.get('X-Amz-Date') ?? '';
  const expected = signatureOf({
    request,
    pairs: pairs.filter(([name]) => name !== 'X-Amz-Signature'),
    signedNames,
    body,
    date,
    scope,
    secretAccessKey: key.secretAccessKey,
  });
  if (expected !== values.get('X-Amz-Signature')) {
    return refuse(403, 'SignatureDoesNotMatch', 'The request signature we calculated does not match');
  }
  const signedAt = Date.parse(date.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
  if (Math.abs(now - signedAt) > 15 * 60_000) {
    return refuse(403, 'SignatureDoesNotMatch', `Signature expired: ${date} is now earlier than`);
  }
  return identity(key);
}

function identity(key: StandInKey): Judgement {
  return {
    status: 200,
    value: {
      GetCallerIdentityResponse: {
        GetCallerIdentityResult: { Account: key.account, Arn: key.arn, UserId: key.userId },
        ResponseMetadata: { RequestId: 'd31f1c7b-0000-4000-8000-000000000000' },
      },
    },
  };
}

function refuse(status: number, code: string, message = code): Judgement {
  return {
    status,
    value: {
      Error: { Code: code, Message: message, Type: 'Sender' },
      RequestId: 'd31f1c7b-0000-4000-8000-000000000000',
    },
  };
}
