import type { IncomingMessage, ServerResponse } from 'node:http';
import { peerAddress } from '../wire/protocols/http.ts';
import { AgentRefusal, answerTo, tooManyRequests } from './refusal.ts';
import type { Retriever } from './retriever.ts';
import type { TokenBucket } from './tokenbucket.ts';

export interface HandlerOptions {
  readonly retriever: Retriever;
  /** Addresses that a pod may have called, without brackets; a wildcard stands for the one that was called. */
  readonly hosts: () => readonly string[];
  readonly requests: TokenBucket;
  readonly answered: (status: number) => void;
  readonly failed: (error: unknown, status: number) => void;
}

/** What pods ask the node agent: `GET /v1/credentials` with their token (eks-access-facts J17, J19). */
export function createHandler(
  options: HandlerOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const { retriever, requests, answered, failed } = options;
  const fail = (response: ServerResponse, error: unknown): void => {
    const { status, message } = answerTo(error);
    answered(status);
    failed(error, status);
    end(response, status, 'text/plain; charset=utf-8', `${message}\n`);
  };
  const succeed = (response: ServerResponse, body: Uint8Array): void => {
    answered(200);
    end(response, 200, 'application/json', body);
  };
  return (request, response) => {
    try {
      // COMPAT: the upstream agent answers whatever the method is.
      if (request.method !== 'GET' || !/^\/v1\/credentials(?:\?|$)/.test(request.url ?? '')) {
        throw new AgentRefusal(404, '404 page not found');
      }
      if (!requests.take()) throw new AgentRefusal(429, tooManyRequests);
      checkHost(request, options.hosts());
      const answer = retriever.answerFor(request.headers.authorization ?? '');
      if (!(answer instanceof Promise)) return succeed(response, answer);
      answer.then(
        (body) => succeed(response, body),
        (error: unknown) => fail(response, error),
      );
    } catch (error) {
      fail(response, error);
    }
  };
}

/**
 * SECURITY: a page in a browser of this machine can have a name of its own lead here (DNS rebinding); its requests carry
 * that name.
 */
function checkHost({ headers, socket }: IncomingMessage, hosts: readonly string[]): void {
  const host = hostOf(headers.host ?? '');
  const wanted = hosts.map((each) => (wildcards.has(each) ? peerAddress(socket.localAddress) : each));
  if (wanted.includes(host)) return;
  throw new AgentRefusal(
    403,
    `Access Denied. Called agent through invalid address, please use either [${wanted.join(' ')}] address not ${host}`,
  );
}

const wildcards = new Set(['0.0.0.0', '::']);

/** Without port and brackets; an address of IPv6 may stand there bare. */
function hostOf(header: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(header) ?? [];
  return bracketed ?? plain ?? header;
}

function end(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  // Whoever has left is not answered.
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    ...(status !== 200 && { 'x-content-type-options': 'nosniff' }),
  });
  response.end(body);
}
