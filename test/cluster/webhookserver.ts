import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServerCertificate } from '../../src/server/certificates.ts';
import { openTemporaryDirectory } from '../../src/server/datadirectory.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests look into reviews of every kind
export type Review = any;

/** What a webhook answers: the `response` of a review, with the uid filled in, or something else as it is. */
export type HookAnswer =
  | { readonly response: Record<string, unknown> }
  | {
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly raw: string;
    }
  /** Written to the connection in place of an answer. */
  | { readonly bytes: string }
  /** Never answers. */
  | 'silence';

export interface WebhookServer {
  readonly port: number;
  readonly caBundle: string;
  /** Requests so far, in order: the reviews, and beside them path and headers. */
  readonly seen: {
    readonly path: string;
    readonly headers: NodeJS.Dict<string | string[]>;
    readonly review: Review;
  }[];
  /** By path; a path without one answers 404. */
  readonly hooks: Map<string, (request: Review) => HookAnswer | Promise<HookAnswer>>;
  close(): Promise<void>;
}

/** A real https server of webhooks; its certificate is for loopback and for `hook.hooks.svc`. */
export async function startWebhookServer(): Promise<WebhookServer> {
  const directory = openTemporaryDirectory();
  const { keyPem, certificatePem, caPem } = await createServerCertificate(
    directory,
    ['hook.hooks.svc'],
    Date.now(),
  );
  const seen: WebhookServer['seen'] = [];
  const hooks: WebhookServer['hooks'] = new Map();
  const server: Server = createServer({ key: keyPem, cert: certificatePem }, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const review: Review = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const path = request.url ?? '';
    seen.push({ path, headers: request.headers, review });
    const hook = hooks.get(path.split('?', 1)[0] ?? '');
    const answer = hook === undefined ? { status: 404, raw: '' } : await hook(review.request);
    if (answer === 'silence') return;
    if ('bytes' in answer) {
      request.socket.write(answer.bytes);
      return;
    }
    if ('raw' in answer) {
      response.writeHead(answer.status ?? 200, answer.headers).end(answer.raw);
      return;
    }
    const { apiVersion, kind } = review;
    const body = { apiVersion, kind, response: { uid: review.request.uid, ...answer.response } };
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    caBundle: Buffer.from(caPem).toString('base64'),
    seen,
    hooks,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      directory.dispose();
    },
  };
}

export const allow = { response: { allowed: true } } as const;
export const deny = (status?: Record<string, unknown>): HookAnswer => ({
  response: { allowed: false, ...(status && { status }) },
});
export const patch = (operations: readonly unknown[], more: Record<string, unknown> = {}): HookAnswer => ({
  response: {
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
    ...more,
  },
});
