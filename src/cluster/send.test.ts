import { once } from 'node:events';
import {
  connect,
  constants,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';
import { readBody } from '../wire/kube/requestbody.ts';
import { startStream } from './send.ts';

/** A request of HTTP/2 with half of a body, whose stream its client has reset. */
async function cutRequest(
  serve: (request: Http2ServerRequest, response: Http2ServerResponse) => Promise<void>,
): Promise<void> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const stream = session.request({ ':method': 'PATCH', ':path': '/' }).on('error', () => undefined);
  stream.write('kind: ConfigMap\n');
  try {
    const [request, response] = (await once(server, 'request')) as [Http2ServerRequest, Http2ServerResponse];
    stream.close(constants.NGHTTP2_CANCEL);
    if (!response.stream.destroyed) await once(response, 'close');
    await serve(request, response);
  } finally {
    session.destroy();
    server.close();
  }
}

test('a watch whose stream was reset before it opens is cancelled: no event would ever end it', async () => {
  const start = vi.fn();
  const cancel = vi.fn();
  await cutRequest(async (request, response) => {
    startStream(request, response, 'audit', { kind: 'watch', start, cancel });
  });
  expect(start).not.toHaveBeenCalled();
  expect(cancel).toHaveBeenCalledOnce();
});

test('what came of a body whose stream was reset is not taken for the whole', async () => {
  const limits = { bodyBytes: 1000, bodyBytesAtOnce: 1000, bodyTimeout: 10_000 };
  await cutRequest(async (request) => {
    expect(await readBody(request, limits, { held: 0 })).toEqual({ kind: 'aborted' });
  });
});
