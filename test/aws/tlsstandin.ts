/** Something that listens on loopback and has a certificate for endpoints of AWS. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createTestAuthority } from './authority.ts';

export interface TlsStandIn {
  readonly port: number;
  readonly caPem: string;
  /** Requests that came in, and TLS connections that were made. */
  calls(): number;
  connections(): number;
  /** Lets go of kept connections, as AWS does with idle ones. */
  dropConnections(): void;
  close(): Promise<void>;
}

export interface TlsStandInOptions {
  /** Names in its certificate. */
  readonly hosts: readonly string[];
  /** Epoch milliseconds. */
  readonly certificateEnds?: number;
  readonly handle: (request: IncomingMessage, body: string, response: ServerResponse) => void;
}

export async function createTlsStandIn({
  hosts,
  certificateEnds,
  handle,
}: TlsStandInOptions): Promise<TlsStandIn> {
  const authority = await createTestAuthority();
  const certificate = await authority.issue(
    hosts,
    certificateEnds === undefined ? {} : { notAfter: certificateEnds },
  );
  let calls = 0;
  let connections = 0;
  const server = createServer(
    { ...certificate, keepAlive: true, keepAliveTimeout: 60_000 },
    (request, response) => {
      calls++;
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => handle(request, Buffer.concat(chunks).toString('utf8'), response));
    },
  );
  server.on('secureConnection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    caPem: authority.caPem,
    calls: () => calls,
    connections: () => connections,
    dropConnections: () => server.closeIdleConnections(),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
