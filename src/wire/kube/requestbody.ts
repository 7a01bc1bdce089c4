import type { Readable } from 'node:stream';
/** Bounds of the bodies of requests, for whoever reads them. */
export interface BodyLimits {
  readonly bodyBytes: number;
  readonly bodyBytesAtOnce: number;
  readonly bodyTimeout: number;
}

export type BodyResult =
  | { readonly kind: 'read'; readonly body: Uint8Array }
  | { readonly kind: 'tooLarge' }
  | { readonly kind: 'tooMany' }
  | { readonly kind: 'tooSlow' }
  | { readonly kind: 'aborted' };

/** Bytes that all bodies under way hold together. */
export interface BodyBytes {
  held: number;
}

/**
 * Reads a request body of at most `bodyBytes`, within `bodyTimeout` milliseconds. Never buffers more than the bound,
 * whatever Content-Length claims.
 *
 * SECURITY: a thousand streams of one connection, and as many connections as somebody likes, may each hold a body that
 * never ends; `shared` counts them together.
 */
export function readBody(stream: Readable, limits: BodyLimits, shared: BodyBytes): Promise<BodyResult> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (result: BodyResult): void => {
      clearTimeout(timer);
      shared.held -= size;
      stream.off('data', onData).off('end', onEnd).off('error', onAborted).off('close', onAborted);
      // What is still to come is thrown away: the answer is on its way and the peer may be writing.
      if (result.kind !== 'read') stream.on('error', () => undefined).resume();
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      shared.held += chunk.length;
      if (size > limits.bodyBytes) finish({ kind: 'tooLarge' });
      else if (shared.held > limits.bodyBytesAtOnce) finish({ kind: 'tooMany' });
      else chunks.push(chunk);
    };
    const onEnd = (): void => finish({ kind: 'read', body: Buffer.concat(chunks, size) });
    const onAborted = (): void => finish({ kind: 'aborted' });
    const timer = setTimeout(() => finish({ kind: 'tooSlow' }), limits.bodyTimeout);
    stream.on('data', onData).on('end', onEnd).on('error', onAborted).on('close', onAborted);
    // Of one that was cut before anybody asked for its body nothing more is heard; over HTTP/2 it seems to end there.
    if (stream.destroyed || ('aborted' in stream && stream.aborted === true)) onAborted();
  });
}
