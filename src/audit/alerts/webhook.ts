import { createHmac } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { Alert } from './engine.ts';

/** Where alerts are sent. */
export interface Webhook {
  readonly url: URL;
  /** Shared with the receiver, who can check who sent an alert. */
  readonly secret?: string;
}

export type Delivery =
  | { readonly outcome: 'delivered' }
  /** `retry`: it may go well later. */
  | { readonly outcome: 'failed'; readonly reason: string; readonly retry: boolean };

export type SendAlert = (alert: Alert, signal: AbortSignal) => Promise<Delivery>;

/**
 * Why alerts cannot be sent there; undefined when they can.
 *
 * SECURITY: alerts name people, keys and addresses, so they leave the machine encrypted or not at all.
 */
export function webhookProblem(url: URL): string | undefined {
  if (url.username !== '' || url.password !== '') return 'carries credentials';
  if (url.hash !== '') return 'has a fragment';
  const isLocal = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLocal)) return undefined;
  return 'is not https';
}

const defaultDeadlineMs = 10_000;

/** One POST for each alert. Never rejects. */
export function createWebhookSender(
  { url, secret }: Webhook,
  options: { readonly now: () => number; readonly deadlineMs?: number },
): SendAlert {
  const { now, deadlineMs = defaultDeadlineMs } = options;
  const { request } = url.protocol === 'https:' ? https : http;
  return (alert, stopped) =>
    new Promise((resolve) => {
      const body = Buffer.from(JSON.stringify({ type: 'entryway.alert', version: 1, alert }));
      const time = Math.floor(now() / 1000);
      const signal = AbortSignal.any([stopped, AbortSignal.timeout(deadlineMs)]);
      const outgoing = request(
        url,
        {
          method: 'POST',
          // An own connection: a receiver that was restarted must not meet a stale one.
          agent: false,
          signal,
          headers: {
            'content-type': 'application/json',
            'content-length': body.length,
            'user-agent': 'entryway',
            'entryway-alert-id': alert.id,
            ...(secret === undefined ? {} : { 'entryway-signature': signatureOf(secret, time, body) }),
          },
        },
        (incoming) => {
          // What the receiver has to say is not read: it could be endless.
          incoming.destroy();
          resolve(judge(incoming.statusCode ?? 0));
        },
      );
      outgoing.on('error', (error) => {
        const reason = signal.aborted ? `no answer within ${deadlineMs / 1000} s` : reasonOf(error);
        resolve({ outcome: 'failed', reason, retry: true });
      });
      outgoing.end(body);
    });
}

/** `t=SECONDS,v1=HEX`: HMAC-SHA256 over `SECONDS.BODY`, so that an old alert cannot be sent again unnoticed. */
function signatureOf(secret: string, time: number, body: Uint8Array): string {
  const mac = createHmac('sha256', secret).update(`${time}.`).update(body).digest('hex');
  return `t=${time},v1=${mac}`;
}

/** Statuses below 500 after which the same request may go well: timeout, too early, too many. */
const passing = [408, 425, 429];

/** SECURITY: a redirect is not followed: it could send alerts where nobody configured, also inside the network. */
function judge(status: number): Delivery {
  if (status >= 200 && status < 300) return { outcome: 'delivered' };
  const isRedirect = status >= 300 && status < 400;
  const reason = isRedirect ? `answered ${status}: redirects are not followed` : `answered ${status}`;
  return { outcome: 'failed', reason, retry: status >= 500 || passing.includes(status) };
}

function reasonOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
