import type { IncomingMessage, ServerResponse } from 'node:http';
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { AccessRegistry, Authentication, ClusterAccess } from '../access/access.ts';
import type { Storage } from '../storage/storage.ts';
import { type BodyBytes, readBody } from '../wire/kube/requestbody.ts';
import { KubeStatusError } from '../wire/kube/status.ts';
import { peerAddress } from '../wire/protocols/http.ts';
import { createAccountWaits } from './accountwaits.ts';
import { type Answer, comeAgain, oneLine, textAnswer } from './answer.ts';
import { answerTokenReview } from './authenticate.ts';
import { answerAccessReview } from './authorize.ts';
import {
  type CallerCredentials,
  type CallerRefusal,
  callerRefusals,
  judgeCaller,
  type Presented,
} from './callers.ts';
import { type Exchange, http1Exchange, http2Exchange } from './exchange.ts';
import { defaultWebhookLimits, type WebhookLimits } from './limits.ts';
import { answerPodReview } from './pods.ts';
import { parseWebhookTarget, type WebhookTarget } from './target.ts';
import { createTokenVerdicts } from './verdicts.ts';
import { createVouchers } from './vouchers.ts';

/** What the API servers of connected clusters ask: whose token is this, may somebody do that, and what does a pod get? */
export interface Webhooks {
  /** Serves one request of HTTP/1.1 over TLS. Never rejects. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** The same of HTTP/2. */
  handleStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void>;
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
  readonly storage: Pick<Storage, 'get' | 'list' | 'watch'>;
  /** Where the pods of a Pod Identity association find the agent; without it, where they do on EKS. */
  readonly podIdentityAgentUri?: string;
  /** Whether what is in a cluster comes here: else nobody waits for it. */
  readonly isFollowed: (clusterId: string) => boolean;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** What users are vouched for with; see `createVouchers`. */
  readonly voucherSecret: Uint8Array;
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
  const verdicts = createTokenVerdicts({ storage: options.storage, limits });
  const vouchers = createVouchers(options.voucherSecret);
  const accountWaits = createAccountWaits({ storage: options.storage, limits });
  /** Of each cluster, so that slow bodies of one are nobody else’s concern. */
  const bodies = new WeakMap<ClusterAccess, BodyBytes>();
  const bodyLimits = {
    authenticate: { ...limits, bodyBytes: limits.tokenReviewBytes },
    authorize: { ...limits, bodyBytes: limits.accessReviewBytes },
    pods: { ...limits, bodyBytes: limits.podReviewBytes },
  };

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
    exchange: Exchange,
  ): Promise<Answer & { readonly webhook?: WebhookTarget['webhook'] }> => {
    const target = parseWebhookTarget(exchange.url);
    if (target === 'healthz') return textAnswer(200, 'health', 'ok');
    if (target === undefined) return textAnswer(404, 'noPath', 'there is no webhook at this path');
    const { webhook } = target;
    const cluster = clusterOf(target, exchange.presented());
    if (typeof cluster === 'string') {
      const { status, text } = callerRefusals[cluster];
      return { ...textAnswer(status, cluster, text), webhook };
    }
    return { ...(await reviewed(cluster, webhook, exchange)), webhook };
  };

  const reviewed = async (
    cluster: ClusterAccess,
    webhook: WebhookTarget['webhook'],
    exchange: Exchange,
  ): Promise<Answer> => {
    const receivedAt = now();
    const unfit = unfitHead(exchange);
    if (unfit !== undefined) return unfit;
    let held = bodies.get(cluster);
    if (held === undefined) {
      held = { held: 0 };
      bodies.set(cluster, held);
    }
    const read = await readBody(exchange.body, bodyLimits[webhook], held);
    switch (read.kind) {
      case 'read':
        break;
      case 'tooLarge':
        return textAnswer(413, 'tooLarge', `the body is longer than ${bodyLimits[webhook].bodyBytes} bytes`);
      case 'tooMany':
        return comeAgain('overloaded', 'too many bodies are on their way');
      case 'tooSlow':
      case 'aborted':
        return textAnswer(400, 'noBody', 'the body did not arrive');
      default:
        return read satisfies never;
    }
    try {
      if (webhook === 'authorize') {
        return answerAccessReview(cluster, read.body, { vouchers, now: now() });
      }
      if (webhook === 'pods') {
        const { clusterId } = cluster.cluster;
        return await answerPodReview(cluster, read.body, {
          storage: options.storage,
          agentUri: options.podIdentityAgentUri,
          random: options.random,
          ...(options.isFollowed(clusterId) && {
            accountAppears: (key: string) => accountWaits.appears(clusterId, key),
          }),
        });
      }
      return await answerTokenReview(cluster, read.body, {
        verdicts,
        vouchers,
        now: now(),
        judged: (authentication) =>
          options.judged?.({
            cluster,
            authentication,
            sourceIp: peerAddress(exchange.remoteAddress),
            userAgent: exchange.headers['user-agent'],
            receivedAt,
          }),
      });
    } catch (error) {
      if (!(error instanceof KubeStatusError)) throw error;
      // A review that cannot be read is malformed whatever is wrong with it (kubernetes-facts C2: not tried again).
      return textAnswer(400, 'malformed', oneLine(error.message));
    }
  };

  const serve = async (exchange: Exchange): Promise<void> => {
    const started = performance.now();
    let answer: Awaited<ReturnType<typeof answerOf>>;
    try {
      answer = await answerOf(exchange);
    } catch (error) {
      log.error({ error: String(error) }, 'a request of an API server could not be answered');
      answer = textAnswer(500, 'failed', 'the request could not be answered');
    }
    exchange.send(answer);
    options.observe?.({
      webhook: answer.webhook ?? 'none',
      outcome: answer.outcome,
      status: answer.status,
      seconds: (performance.now() - started) / 1000,
    });
  };

  return {
    handle: (request, response) => serve(http1Exchange(request, response)),
    handleStream: (stream, headers) => serve(http2Exchange(stream, headers)),
    close() {
      verdicts.close();
      accountWaits.close();
    },
  };
}

/** What is wrong with a request before its body; undefined when nothing is. */
function unfitHead({ method, headers }: Exchange): Answer | undefined {
  if (method !== 'POST') return textAnswer(405, 'malformed', 'reviews are asked for with POST');
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json')
    return textAnswer(415, 'malformed', 'reviews are sent as application/json');
  const encoding = headers['content-encoding'];
  return encoding === undefined || encoding === 'identity'
    ? undefined
    : textAnswer(415, 'malformed', 'reviews are sent uncompressed');
}
