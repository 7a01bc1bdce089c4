import { request } from 'node:https';
import type { TLSSocket } from 'node:tls';

/** What a webhook kubeconfig says: where to post, whom to trust, who to be. */
export interface WebhookTarget {
  readonly url: string;
  readonly tlsServerName?: string;
  /** PEM. */
  readonly certificateAuthority: string;
  readonly certificate: string;
  readonly key: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
  /** From the first packet to the last, handshake included. */
  readonly milliseconds: number;
  /** When the server's certificate ends; epoch milliseconds. */
  readonly serverCertificateEnds: number;
}

/** One review, posted as an API server does (kubernetes-facts C1). Rejects with Node's error when there is no answer. */
export type Call = (
  target: WebhookTarget,
  body: unknown,
  options?: { readonly withoutCertificate?: true },
) => Promise<Answer>;

/** An API server waits 30 s for a token and as long as the file says for access; who waits here is a person. */
const deadlineMs = 10_000;
/** Our answers are below a kilobyte. */
const longestBody = 1024 * 1024;

export const callWebhook: Call = (target, body, { withoutCertificate } = {}) =>
  new Promise((resolve, reject) => {
    const started = performance.now();
    const { hostname, port, pathname } = new URL(target.url);
    const text = JSON.stringify(body);
    const outgoing = request(
      {
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port: port === '' ? 443 : port,
        path: pathname,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, */*',
          'content-length': Buffer.byteLength(text),
        },
        // A connection of its own: the handshake is part of what is looked at.
        agent: false,
        ca: target.certificateAuthority,
        minVersion: 'TLSv1.2',
        ...(target.tlsServerName !== undefined && { servername: target.tlsServerName }),
        ...(withoutCertificate ? {} : { cert: target.certificate, key: target.key }),
        signal: AbortSignal.timeout(deadlineMs),
      },
      (incoming) => {
        const ends = (incoming.socket as TLSSocket).getPeerCertificate().valid_to;
        const chunks: Buffer[] = [];
        let length = 0;
        incoming.on('data', (chunk: Buffer) => {
          length += chunk.length;
          if (length > longestBody) incoming.destroy(new Error('the answer is longer than a mebibyte'));
          else chunks.push(chunk);
        });
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks).toString('utf8'),
            milliseconds: performance.now() - started,
            serverCertificateEnds: Date.parse(ends),
          }),
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(text);
  });
