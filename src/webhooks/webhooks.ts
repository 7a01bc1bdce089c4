import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import { TLSSocket } from 'node:tls';
import type { AccessRegistry, Authentication, ClusterAccess } from '../access/access.ts';
import type { Storage } from '../storage/storage.ts';
import { readBody } from '../wire/kube/requestbody.ts';
import { KubeStatusError } from '../wire/kube/status.ts';
import { peerAddress } from '../wire/protocols/http.ts';
import { type Answer, comeAgain, oneLine, textAnswer } from './answer.ts';
import { answerTokenReview } from './authenticate.ts';
import { answerAccessReview } from './authorize.ts';
import {
  type CallerCredentials,
  type CallerRefusal,
  callerRefusals,
  judgeCaller,
  type Presented,
  presentedIn,
} from './callers.ts';
import { defaultWebhookLimits, type WebhookLimits } from './limits.ts';
import { parseWebhookTarget, type WebhookTarget } from './target.ts';
import { createTokenVerdicts } from './verdicts.ts';

type HttpRequest = IncomingMessage | Http2ServerRequest;
type HttpResponse = ServerResponse | Http2ServerResponse;

/** What the API servers of connected clusters ask: whose token is this, and may somebody do that? */
export interface Webhooks {
  /** Serves one request of a node http or http2 server over TLS. Never rejects. */
  handle(request: HttpRequest, response: HttpResponse): Promise<void>;
  close(): void;
}

/** A verdict about a token that was made just now, and which API server asked for it. Never holds the token. */
export interface JudgedToken {
  readonly cluster: ClusterAccess;
  readonly authentication: Authentication;
  readonly sourceIp: string;
  readonly userAgent: string | undefined;
  /** Epoch milliseconds. */
  readonly receivedAt: number;
}

/** One answered request. Everything is from closed sets. */
export interface WebhookOutcome {
  /** `none` where it was not found out. */
  readonly webhook: WebhookTarget['webhook'] | 'none';
  readonly outcome: string;
  readonly status: number;
  readonly seconds: number;
}

export interface WebhooksOptions {
  readonly access: Pick<AccessRegistry, 'cluster'>;
  readonly credentials: CallerCredentials;
  readonly storage: Pick<Storage, 'watch'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Fields are from an allow-list: never a token, a header or a body. */
  readonly log: { error(fields: Readonly<Record<string, unknown>>, message: string): void };
  readonly limits?: Partial<WebhookLimits>;
  /** Called for every verdict that was not remembered; must not throw. */
  readonly judged?: (judged: JudgedToken) => void;
  /** Called for every answer; must not throw. */
  readonly observe?: (outcome: WebhookOutcome) => void;
}

export function createWebhooks(options: WebhooksOptions): Webhooks {
  const { access, credentials, now, log } = options;
  const limits = { ...defaultWebhookLimits, ...options.limits };
  const verdicts = createTokenVerdicts({ storage: options.storage, now, limits });
  const bodies = { held: 0 };

  /** The cluster a caller may ask about: its own, while that is connected here. */
  const clusterOf = (target: WebhookTarget, presented: Presented): ClusterAccess | CallerRefusal => {
    const credential = judgeCaller(presented, credentials, now());
    if (typeof credential === 'string') return credential;
    const own = access.cluster(credential.clusterId);
    if (own?.cluster.kind !== 'connected') return 'noCluster';
    const { accountId, region, name } = own.cluster;
    // Whether there is a cluster of the asked name is not told to the caller of another one.
    if (target.accountId !== accountId || target.region !== region || target.name !== name) {
      return 'otherCluster';
    }
    credentials.used(credential, now());
    return own;
  };

  const answerOf = async (
    request: HttpRequest,
  ): Promise<Answer & { readonly webhook?: WebhookTarget['webhook'] }> => {
    const target = parseWebhookTarget(request.url ?? '');
    if (target === 'healthz') return textAnswer(200, 'health', 'ok');
    if (target === undefined) return textAnswer(404, 'noPath', 'there is no webhook at this path');
    const { webhook } = target;
    const cluster = clusterOf(target, presentedBy(request));
    if (typeof cluster === 'string') {
      const { status, text } = callerRefusals[cluster];
      return { ...textAnswer(status, cluster, text), webhook };
    }
    return { ...(await reviewed(cluster, webhook, request)), webhook };
  };

  const reviewed = async (
    cluster: ClusterAccess,
    webhook: WebhookTarget['webhook'],
    request: HttpRequest,
  ): Promise<Answer> => {
    const receivedAt = now();
    const unfit = unfitHead(request);
    if (unfit !== undefined) return unfit;
    const bodyBytes = webhook === 'authenticate' ? limits.tokenReviewBytes : limits.accessReviewBytes;
    const read = await readBody(request, { ...limits, bodyBytes }, bodies);
    switch (read.kind) {
      case 'read':
        break;
      case 'tooLarge':
        return textAnswer(413, 'tooLarge', `the body is longer than ${bodyBytes} bytes`);
      case 'tooMany':
        return comeAgain('overloaded', 'too many bodies are on their way');
      case 'tooSlow':
      case 'aborted':
        return textAnswer(400, 'noBody', 'the body did not arrive');
      default:
        return read satisfies never;
    }
    try {
      if (webhook === 'authorize') return answerAccessReview(cluster, read.body, now());
      return await answerTokenReview(cluster, read.body, {
        verdicts,
        now: now(),
        judged: (authentication) =>
          options.judged?.({
            cluster,
            authentication,
            sourceIp: peerAddress(request.socket?.remoteAddress),
            userAgent: request.headers['user-agent'],
            receivedAt,
          }),
      });
    } catch (error) {
      if (!(error instanceof KubeStatusError)) throw error;
      // A review that cannot be read is malformed whatever is wrong with it (kubernetes-facts C2: not tried again).
      return textAnswer(400, 'malformed', oneLine(error.message));
    }
  };

  return {
    async handle(request, response) {
      const started = performance.now();
      let answer: Awaited<ReturnType<typeof answerOf>>;
      try {
        answer = await answerOf(request);
      } catch (error) {
        log.error({ error: String(error) }, 'a request of an API server could not be answered');
        answer = textAnswer(500, 'failed', 'the request could not be answered');
      }
      send(request, response, answer);
      options.observe?.({
        webhook: answer.webhook ?? 'none',
        outcome: answer.outcome,
        status: answer.status,
        seconds: (performance.now() - started) / 1000,
      });
    },
    close: () => verdicts.close(),
  };
}

/** What is wrong with a request before its body; undefined when nothing is. */
function unfitHead({ method, headers }: HttpRequest): Answer | undefined {
  if (method !== 'POST') return textAnswer(405, 'malformed', 'reviews are asked for with POST');
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json')
    return textAnswer(415, 'malformed', 'reviews are sent as application/json');
  const encoding = headers['content-encoding'];
  return encoding === undefined || encoding === 'identity'
    ? undefined
    : textAnswer(415, 'malformed', 'reviews are sent uncompressed');
}

/** Handshakes are looked at once; a connection carries many requests. */
const handshakes = new WeakMap<object, Presented>();

function presentedBy(request: HttpRequest): Presented {
  const connection = 'stream' in request ? request.stream.session : request.socket;
  const socket = 'stream' in request ? request.stream.session?.socket : request.socket;
  // SECURITY: whatever is no TLS has proven nothing.
  if (connection === undefined || !(socket instanceof TLSSocket || isEncrypted(socket)))
    return { kind: 'nothing' };
  let presented = handshakes.get(connection);
  if (presented === undefined) {
    presented = presentedIn(socket as TLSSocket);
    handshakes.set(connection, presented);
  }
  return presented;
}

/** The socket of an HTTP/2 session is a proxy, no instance of its class. */
function isEncrypted(socket: unknown): boolean {
  return (socket as TLSSocket | undefined)?.encrypted === true;
}

function send(request: HttpRequest, response: HttpResponse, { status, body, retryAfter }: Answer): void {
  if (response.destroyed || response.headersSent) return;
  const headers: Record<string, string | number> = {
    'content-type': body.kind === 'json' ? 'application/json' : 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body.text),
  };
  if (retryAfter !== undefined) headers['retry-after'] = retryAfter;
  if (status === 405) headers.allow = 'POST';
  // A body that was not read to its end leaves an HTTP/1.1 connection unusable for the next request.
  // Whoever has no certificate that counts has nothing to wait for.
  const isOver = status === 401 || !request.complete;
  if (!('stream' in request) && isOver) headers.connection = 'close';
  (response as ServerResponse).writeHead(status, headers);
  if (request.method === 'HEAD') response.end();
  // Text, not bytes, where it is text: Node writes it together with the headers.
  else response.end(body.text);
  if ('stream' in request && status === 401) request.stream.session?.close();
}
