import type { KubeConfig, RequestContext } from '@kubernetes/client-node';
import {
  type ClusterAddress,
  type ClusterApi,
  ClusterApiError,
  failureOfConnection,
  failureOfStatus,
  type Query,
} from './clusterapi.ts';
import { type Dispatcher, type GuardLimits, guardedDispatcher, type LineListener } from './guard.ts';

export const defaultGuardLimits: GuardLimits = {
  headersTimeout: 30_000,
  silence: 240_000,
  // Pages that are larger are asked for in smaller ones. One answer is parsed at a stroke, and meanwhile nobody is served.
  answerBytes: 8 * 1024 * 1024,
  // An object of 1.5 MiB, the most etcd takes by default, and what escapes make of it.
  lineBytes: 8 * 1024 * 1024,
};

/**
 * A connected cluster's API by the client of the Kubernetes project. It is loaded when the first connection is made and
 * not before: it costs half a second and some 80 MiB.
 */
export async function connectClusterApi(
  { server, certificateAuthorityData, tlsServerName, credential }: ClusterAddress,
  limits: GuardLimits = defaultGuardLimits,
): Promise<ClusterApi> {
  const client = await import('@kubernetes/client-node');
  const name = 'connected';
  const config = new client.KubeConfig();
  config.loadFromOptions({
    clusters: [
      {
        name,
        server: server.replace(/\/$/, ''),
        caData: certificateAuthorityData,
        skipTLSVerify: false,
        ...(tlsServerName !== undefined && { tlsServerName }),
      },
    ],
    users: [{ name, ...userOf(credential) }],
    contexts: [{ name, cluster: name, user: name }],
    currentContext: name,
  });
  // SECURITY: without this word NODE_TLS_REJECT_UNAUTHORIZED of the environment would switch verification off.
  config.addAuthenticator({
    isAuthProvider: () => true,
    async applyAuthentication(_user, options) {
      options.rejectUnauthorized = true;
    },
  });
  const { origin } = new URL(server);
  const { httpApi } = client.createConfiguration();
  const inner = await dispatcherOf(config, new client.RequestContext(server, client.HttpMethod.GET));
  const prepare = async (context: RequestContext, signal: AbortSignal, onLine?: LineListener) => {
    await config.applySecurityAuthentication(context);
    context.setHeaderParam('Accept', 'application/json');
    context.setHeaderParam('Accept-Encoding', 'identity');
    context.setHeaderParam('User-Agent', 'entryway');
    // One for all requests: the client makes one for each, and connections would never be used again.
    context.setDispatcher(guardedDispatcher(inner, { ...limits, origin, signal, ...(onLine && { onLine }) }));
  };

  return {
    async get(path, query, signal) {
      const context = new client.RequestContext(urlOf(server, path, query), client.HttpMethod.GET);
      // The guard hears of a request once there is a connection; this also ends the waiting for one.
      context.setSignal(signal);
      await prepare(context, signal);
      try {
        const answer = await httpApi.send(context).toPromise();
        const { httpStatusCode: status, headers, body } = answer;
        const text = await body.text();
        if (status !== 200) throw failureOfStatus(status);
        return { body: jsonOf(text), serverTime: timeOf(headers.date) };
      } catch (error) {
        throw failureOfConnection(error);
      }
    },
    async watch(path, query, signal, { onOpen, onEvent }) {
      let lines = 0;
      let used = 0;
      // The watcher asks its configuration for nothing else.
      const guarded = Object.assign(Object.create(config) as KubeConfig, {
        applySecurityAuthentication: (context: RequestContext) => prepare(context, signal, () => lines++),
      });
      const watch = new client.Watch(guarded);
      // Its own clock also runs while headers are awaited, and the guard has two better ones.
      Object.assign(watch, { requestTimeoutMs: 2 * limits.silence });
      await new Promise<void>((done, fail) => {
        let isOver = false;
        const over = (error: unknown): void => {
          isOver = true;
          if (error === null || error === undefined) done();
          else fail(statusOf(error) ?? failureOfConnection(error));
        };
        watch
          .watch(
            path,
            query,
            (_type, _object, event: unknown) => {
              onEvent(event);
              used++;
            },
            over,
          )
          .then(() => {
            // It resolves as well where it has failed.
            if (!isOver) onOpen();
          }, over);
      });
      return { whole: used === lines };
    },
    close() {
      void inner.destroy(null).catch(() => {});
    },
  };
}

/** The connections that the client would make, with the authority and the client certificate of the connection. */
async function dispatcherOf(config: KubeConfig, context: RequestContext): Promise<Dispatcher> {
  await config.applySecurityAuthentication(context);
  const dispatcher = context.getDispatcher();
  if (dispatcher === undefined) throw new Error('the connection has no certificate authority');
  return dispatcher;
}

function userOf(credential: ClusterAddress['credential']): {
  readonly token?: string;
  readonly certData?: string;
  readonly keyData?: string;
} {
  switch (credential.kind) {
    case 'token':
      return { token: credential.token };
    case 'certificate':
      return { certData: base64(credential.certificate), keyData: base64(credential.key) };
    default:
      return credential satisfies never;
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function urlOf(server: string, path: string, query: Query): string {
  const words = new URLSearchParams(query).toString();
  return `${server.replace(/\/$/, '')}${path}${words === '' ? '' : `?${words}`}`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's words quote the text.
    throw new ClusterApiError('unexpected', 'the API answers something else than JSON');
  }
}

function timeOf(date: string | undefined): number | undefined {
  const time = Date.parse(date ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** The watcher tells a status that is not 200 as a number on its error. */
function statusOf(error: unknown): ClusterApiError | undefined {
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof status === 'number' ? failureOfStatus(status) : undefined;
}
