import type { RequestContext } from '@kubernetes/client-node';
import { ClusterApiError, failureOfConnection, failureOfStatus } from './clusterapi.ts';

export type Dispatcher = NonNullable<ReturnType<RequestContext['getDispatcher']>>;
type Interceptor = Parameters<Dispatcher['compose']>[number];

export interface GuardLimits {
  /** Milliseconds until the headers of an answer are there. */
  readonly headersTimeout: number;
  /** Milliseconds in which an answer, or a watch, may be silent. */
  readonly silence: number;
  readonly answerBytes: number;
  /** Bytes of one line of a watch. */
  readonly lineBytes: number;
}

/** Told about a watch: a line has come in completely. */
export type LineListener = () => void;

/**
 * What stands between the Kubernetes client and the network.
 *
 * SECURITY: the client's `fetch` would follow a redirect anywhere, unpack compressed answers without end and read a line
 * of a watch however long it is. Here a request goes to the connection's own origin or nowhere, a redirect ends it,
 * answers come uncompressed, and both they and lines have a bound.
 */
export function guardedDispatcher(
  inner: Dispatcher,
  options: GuardLimits & {
    readonly origin: string;
    readonly signal: AbortSignal;
    readonly onLine?: LineListener;
  },
): Dispatcher {
  const { origin, signal, onLine, headersTimeout, silence } = options;
  const intercept: Interceptor = (dispatch) => (request, handler) => {
    if (String(request.origin) !== origin) {
      throw new ClusterApiError('unexpected', 'the API sends requests elsewhere, which is not followed');
    }
    let stop: (() => void) | undefined;
    const over = (): void => {
      if (stop !== undefined) signal.removeEventListener('abort', stop);
    };
    let bytes = 0;
    // A connection for each watch: nothing that stalls one, or the session of all, holds up the others.
    const sent = { ...request, headersTimeout, bodyTimeout: silence, allowH2: false };
    return dispatch(sent, {
      onRequestStart(controller, context) {
        stop = () => controller.abort(failureOfConnection(signal.reason));
        handler.onRequestStart?.(controller, context);
        if (signal.aborted) stop();
        else signal.addEventListener('abort', stop, { once: true });
      },
      onResponseStart(controller, status, headers, statusMessage) {
        const encoding = headers['content-encoding'];
        if (status >= 300 && status < 400) controller.abort(failureOfStatus(status));
        else if (encoding !== undefined && encoding !== 'identity') controller.abort(notAsked);
        else handler.onResponseStart?.(controller, status, headers, statusMessage);
      },
      onResponseData(controller, chunk) {
        bytes += chunk.length;
        if (onLine !== undefined) {
          for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, at + 1)) {
            bytes = chunk.length - at - 1;
            onLine();
          }
        }
        if (bytes > (onLine === undefined ? options.answerBytes : options.lineBytes)) {
          controller.abort(new ClusterApiError('tooLarge', 'the API answers more than is taken'));
          return;
        }
        handler.onResponseData?.(controller, chunk);
      },
      onResponseEnd(controller, trailers) {
        over();
        handler.onResponseEnd?.(controller, trailers);
      },
      onResponseError(controller, error) {
        over();
        handler.onResponseError?.(controller, error);
      },
    });
  };
  return inner.compose(intercept);
}

const newline = 0x0a;
const notAsked = new ClusterApiError('unexpected', 'the API answers in an encoding that was not asked for');
