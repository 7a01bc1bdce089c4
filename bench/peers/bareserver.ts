import { ServerResponse } from 'node:http';
import { createSecureServer, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createServerCertificate } from '../../src/server/certificates.ts';
import { openTemporaryDirectory } from '../../src/server/datadirectory.ts';

/**
 * The floor of every request over HTTPS: Node's own server as the Kubernetes side sets it up, which reads the request
 * and answers with a few hundred bytes of JSON. A GET of /watch stays open, and is sent whatever is posted to /tell.
 * Run as a process; prints where it listens.
 */
const directory = openTemporaryDirectory();
const { keyPem, certificatePem, caPem } = await createServerCertificate(directory, ['127.0.0.1'], Date.now());
directory.dispose();
const body = Buffer.from(JSON.stringify({ kind: 'ConfigMap', data: { note: 'x'.repeat(400) } }));

const server = createSecureServer({ key: keyPem, cert: certificatePem, allowHTTP1: true });
const watchers = new Set<ServerResponse | Http2ServerResponse>();
server.on('request', (request, response) => {
  if (request.url === '/watch') {
    response.writeHead(200);
    if (response instanceof ServerResponse) response.flushHeaders();
    watchers.add(response);
    response.on('close', () => watchers.delete(response));
    return;
  }
  const received: Buffer[] = [];
  request.on('data', (part: Buffer) => received.push(part));
  request.on('end', () => {
    if (request.url === '/tell') {
      const line = Buffer.concat(received);
      for (const watcher of watchers) {
        if (watcher instanceof ServerResponse) watcher.write(line);
        else watcher.write(line);
      }
    }
    response.setHeader('content-type', 'application/json');
    response.setHeader('content-length', body.length);
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port, ca: caPem })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
