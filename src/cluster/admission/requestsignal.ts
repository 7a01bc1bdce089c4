import type { EventEmitter } from 'node:events';

/** Milliseconds that admission of one request may take in all, as upstream: however many webhooks, however often tried. */
const admissionMilliseconds = 34_000;

/**
 * A signal that ends with the request: when its client is gone, or when its time is over. It is made when it is first
 * asked for, which most requests never do, and is then the same for all of the request.
 */
export function createRequestSignal(
  response: EventEmitter & {
    readonly destroyed?: boolean;
    /** Of HTTP/2, where the response itself does not tell. */
    readonly stream?: { readonly destroyed: boolean };
  },
  deadline: (milliseconds: number) => AbortSignal,
): () => AbortSignal {
  let signal: AbortSignal | undefined;
  return () => {
    if (signal === undefined) {
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      // One that hung up while its body was read has closed already.
      if (response.destroyed === true || response.stream?.destroyed === true) gone.abort();
      signal = AbortSignal.any([gone.signal, deadline(admissionMilliseconds)]);
    }
    return signal;
  };
}
