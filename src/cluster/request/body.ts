import type { Readable } from 'node:stream';

export type BodyResult =
  | { readonly kind: 'read'; readonly body: Uint8Array }
  | { readonly kind: 'tooLarge' }
  | { readonly kind: 'tooSlow' }
  | { readonly kind: 'aborted' };

/**
 * Reads a request body of at most `bodyBytes`, within `bodyTimeout` milliseconds. Never buffers more than the bound,
 * whatever Content-Length claims.
 */
export function readBody(
  stream: Readable,
  limits: { readonly bodyBytes: number; readonly bodyTimeout: number },
): Promise<BodyResult> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (result: BodyResult): void => {
      clearTimeout(timer);
      stream.off('data', onData).off('end', onEnd).off('error', onAborted).off('close', onAborted);
      // What is still to come is thrown away: the answer is on its way and the peer may be writing.
      if (result.kind !== 'read') stream.on('error', () => undefined).resume();
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > limits.bodyBytes) finish({ kind: 'tooLarge' });
      else chunks.push(chunk);
    };
    const onEnd = (): void => finish({ kind: 'read', body: Buffer.concat(chunks, size) });
    const onAborted = (): void => finish({ kind: 'aborted' });
    const timer = setTimeout(() => finish({ kind: 'tooSlow' }), limits.bodyTimeout);
    stream.on('data', onData).on('end', onEnd).on('error', onAborted).on('close', onAborted);
  });
}
