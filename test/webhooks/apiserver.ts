/**
 * A stand-in for kube-apiserver: asks both webhooks as the real one does (kubernetes-facts C1 to C10), with its retries and
 * caches, and decides about requests by the same chain. Times can be shortened; nothing else is.
 */
import { readFileSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { Agent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { parse } from 'yaml';

export interface ApiServerOptions {
  /** Texts of the two webhook kubeconfigs (C3). */
  readonly authentication: string;
  readonly authorization: string;
  /** Kubernetes minor: 1.34 leaves out the null creationTimestamp (C4). */
  readonly minor?: 33 | 34;
  /** What the flags call `-version`; v1beta1 is their default (C6). */
  readonly version?: 'v1' | 'v1beta1';
  /** The API server's own audiences; sent with every review (C4, C5). */
  readonly audiences?: readonly string[];
  readonly protocol?: 'h2' | 'http/1.1';
  readonly now?: () => number;
  /** Milliseconds before the second try; 500 in the real one (C2). */
  readonly retryDelay?: number;
  readonly cacheTtl?: number;
  readonly authorizedTtl?: number;
  readonly unauthorizedTtl?: number;
  /** What to do when the authorizer's webhook cannot be asked (C10). */
  readonly failurePolicy?: 'NoOpinion' | 'Deny';
  /** RBAC of the cluster: allowed or no opinion. */
  readonly rbac?: (user: User, attributes: ResourceAttributes) => boolean;
}

export interface User {
  readonly username: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

export interface ResourceAttributes {
  readonly verb: string;
  readonly resource: string;
  readonly group?: string;
  readonly version?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

export type Outcome =
  | { readonly status: 401; readonly error?: string }
  | { readonly status: 403; readonly user: User; readonly reason: string }
  | { readonly status: 200; readonly user: User; readonly reason: string };

/** What one call of a webhook came to. */
export interface WebhookAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface ApiServer {
  /** One request of a client with this bearer token, as the chain answers it. */
  request(token: string, attributes: ResourceAttributes, impersonate?: User): Promise<Outcome>;
  /** The token authenticator alone, with its cache. */
  authenticate(token: string, audiences?: readonly string[]): Promise<Authenticated>;
  /** The webhook authorizer alone, with its cache. */
  authorize(user: User, attributes: ResourceAttributes): Promise<Authorized>;
  /** One POST as the webhooks get it, without retries and caches. */
  post(
    webhook: 'authenticate' | 'authorize',
    body: string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<WebhookAnswer>;
  /** The body of a TokenReview as this version sends it. */
  tokenReview(token: string, audiences?: readonly string[]): string;
  accessReview(user: User, attributes: ResourceAttributes): string;
  /** Calls made so far, retries included. */
  readonly calls: number;
  /** Breaks the connections, as a network does. */
  cut(): void;
  close(): void;
}

type Authenticated =
  | {
      readonly outcome: 'user';
      readonly user: User;
      /** Those of the asked ones for which the token is good; absent where none were asked. */
      readonly audiences?: readonly string[];
    }
  | { readonly outcome: 'refused'; readonly error: string | undefined }
  | { readonly outcome: 'error'; readonly error: string };

interface Authorized {
  readonly decision: 'allow' | 'deny' | 'noOpinion';
  readonly reason: string;
  readonly error?: string;
}

const tries = 5;

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { now = Date.now, version = 'v1', minor = 34, retryDelay = 500, protocol = 'h2' } = options;
  const webhooks = {
    authenticate: openTransport(readKubeconfig(options.authentication), protocol),
    authorize: openTransport(readKubeconfig(options.authorization), protocol),
  };
  let calls = 0;
  const tokenCache = createCache<Authenticated>(now);
  const accessCache = createCache<Authorized>(now);
  /** C4 and C8: null in metadata until 1.34. */
  const metadata = minor < 34 ? { creationTimestamp: null } : {};
  const agent = `kube-apiserver/v1.${minor}.2 (linux/amd64) kubernetes/8cc511e`;

  const post: ApiServer['post'] = (webhook, body, headers = {}) => {
    calls += 1;
    return webhooks[webhook].post(body, {
      accept: 'application/json, */*',
      'accept-encoding': 'gzip',
      'content-type': 'application/json',
      'user-agent': agent,
      ...headers,
    });
  };

  /** C2: which failures are tried again. */
  const withRetries = async (webhook: 'authenticate' | 'authorize', body: string): Promise<unknown> => {
    let delay = retryDelay;
    for (let attempt = 1; ; attempt += 1) {
      let failure: string;
      try {
        const { status, headers, text } = await post(webhook, body);
        if (status >= 200 && status <= 206) return JSON.parse(text);
        failure = `${status}: ${text.trim()}`;
        const again = status === 500 || status === 504 || status === 429 || 'retry-after' in headers;
        if (!again || attempt === tries) throw new Refused(failure);
      } catch (error) {
        if (error instanceof Refused || attempt === tries) throw error;
        // Connection reset or lost.
      }
      const wait = delay;
      await new Promise((resolve) => setTimeout(resolve, wait));
      delay *= 1.5;
    }
  };

  const tokenReview: ApiServer['tokenReview'] = (token, audiences = options.audiences) =>
    JSON.stringify({
      kind: 'TokenReview',
      apiVersion: `authentication.k8s.io/${version}`,
      metadata,
      spec: { token, ...(audiences !== undefined && { audiences }) },
      status: { user: {} },
    });

  const accessReview: ApiServer['accessReview'] = (user, attributes) => {
    const { username, groups, ...rest } = user;
    return JSON.stringify({
      kind: 'SubjectAccessReview',
      apiVersion: `authorization.k8s.io/${version}`,
      metadata,
      spec: {
        resourceAttributes: { version: 'v1', ...attributes },
        user: username,
        // C6: the one member in which the versions differ.
        ...(groups !== undefined && { [version === 'v1beta1' ? 'group' : 'groups']: groups }),
        ...rest,
      },
      status: { allowed: false },
    });
  };

  const authenticate: ApiServer['authenticate'] = (token, audiences = options.audiences) =>
    tokenCache.get(`${token} ${audiences?.join()}`, async () => {
      try {
        const status = readStatus(
          await withRetries('authenticate', tokenReview(token, audiences)),
          'TokenReview',
          version,
        );
        if (status.authenticated !== true) {
          const error = typeof status.error === 'string' && status.error !== '' ? status.error : undefined;
          return { value: { outcome: 'refused', error }, ttl: options.cacheTtl ?? 120_000 };
        }
        // C5: audiences of the answer must be among the asked ones; without any it is for the API server's own.
        const named = Array.isArray(status.audiences) ? (status.audiences as readonly string[]) : [];
        const granted = named.length > 0 ? named : (options.audiences ?? []);
        const shared = audiences?.filter((one) => granted.includes(one));
        if (shared?.length === 0)
          return { value: { outcome: 'refused', error: 'audiences' }, ttl: options.cacheTtl ?? 120_000 };
        const value: Authenticated = {
          outcome: 'user',
          user: status.user as User,
          ...(shared !== undefined && { audiences: shared }),
        };
        return { value, ttl: options.cacheTtl ?? 120_000 };
      } catch (error) {
        return { value: { outcome: 'error', error: String((error as Error).message) }, ttl: 0 };
      }
    });

  const authorize: ApiServer['authorize'] = (user, attributes) => {
    const body = accessReview(user, attributes);
    const cacheable = JSON.stringify(attributes).length < 10_000;
    return accessCache.get(body, async () => {
      try {
        const status = readStatus(await withRetries('authorize', body), 'SubjectAccessReview', version);
        const reason = typeof status.reason === 'string' ? status.reason : '';
        if (status.allowed === true && status.denied === true) throw new Error('allowed and denied');
        if (status.denied === true) return { value: { decision: 'deny', reason }, ttl: 0 };
        const allowed = status.allowed === true;
        const ttl = allowed ? (options.authorizedTtl ?? 300_000) : (options.unauthorizedTtl ?? 30_000);
        return { value: { decision: allowed ? 'allow' : 'noOpinion', reason }, ttl: cacheable ? ttl : 0 };
      } catch (error) {
        const decision = options.failurePolicy === 'Deny' ? 'deny' : 'noOpinion';
        return { value: { decision, reason: '', error: String((error as Error).message) }, ttl: 0 };
      }
    });
  };

  return {
    async request(token, attributes, impersonate) {
      const authenticated = await authenticate(token);
      if (authenticated.outcome !== 'user') {
        return { status: 401, ...(authenticated.error !== undefined && { error: authenticated.error }) };
      }
      const user =
        impersonate === undefined ? withSystemGroup(authenticated.user) : impersonated(impersonate);
      if (user.groups?.includes('system:masters')) return { status: 200, user, reason: '' };
      if (options.rbac?.(user, attributes)) return { status: 200, user, reason: 'RBAC' };
      const { decision, reason } = await authorize(user, attributes);
      return decision === 'allow' ? { status: 200, user, reason } : { status: 403, user, reason };
    },
    authenticate,
    authorize,
    post,
    tokenReview,
    accessReview,
    get calls() {
      return calls;
    },
    cut() {
      for (const { cut } of Object.values(webhooks)) cut();
    },
    close() {
      for (const { close } of Object.values(webhooks)) close();
    },
  };
}

class Refused extends Error {}

/** B10: whoever authenticated is in this group. */
function withSystemGroup(user: User): User {
  return { ...user, groups: [...(user.groups ?? []), 'system:authenticated'] };
}

/** A14: keys of `Impersonate-Extra-…` are put into lower case and then percent-decoded, in this order. */
function impersonated(user: User): User {
  const extra = Object.fromEntries(
    Object.entries(user.extra ?? {}).map(([key, values]) => [decodeURIComponent(key.toLowerCase()), values]),
  );
  return withSystemGroup({ ...user, extra });
}

/** The codecs decode only the version that was asked, and need its kind (token-facts 8). */
function readStatus(answer: unknown, kind: string, version: string): Readonly<Record<string, unknown>> {
  const read = answer as { readonly apiVersion?: string; readonly kind?: string; readonly status?: object };
  const group = kind === 'TokenReview' ? 'authentication.k8s.io' : 'authorization.k8s.io';
  if (read.kind !== kind || read.apiVersion !== `${group}/${version}`)
    throw new Error('no kind is registered for the answer');
  return (read.status ?? {}) as Readonly<Record<string, unknown>>;
}

/** Equal questions that come together are asked once; answers are kept for their time, errors not at all. */
function createCache<Value>(now: () => number): {
  get(key: string, ask: () => Promise<{ readonly value: Value; readonly ttl: number }>): Promise<Value>;
} {
  const kept = new Map<string, { readonly value: Value; readonly until: number }>();
  const underWay = new Map<string, Promise<Value>>();
  return {
    get(key, ask) {
      const known = kept.get(key);
      if (known !== undefined && now() < known.until) return Promise.resolve(known.value);
      const asked =
        underWay.get(key) ??
        ask().then(({ value, ttl }) => {
          underWay.delete(key);
          if (ttl > 0) kept.set(key, { value, until: now() + ttl });
          return value;
        });
      underWay.set(key, asked);
      return asked;
    },
  };
}

interface Target {
  readonly url: URL;
  readonly tls: { readonly ca: string; readonly cert?: string; readonly key?: string };
}

/** The part of a webhook kubeconfig that is read: inline data or files (C3). */
function readKubeconfig(text: string): Target {
  const config = parse(text) as Record<string, never>;
  const named = (list: string, name: string, member: string): Record<string, string> =>
    (config[list] as unknown as { readonly name: string }[]).find((one) => one.name === name)?.[
      member as never
    ] ?? {};
  const context = named('contexts', String(config['current-context']), 'context');
  const cluster = named('clusters', String(context.cluster), 'cluster');
  const user = named('users', String(context.user), 'user');
  const read = (from: Record<string, string>, member: string): string | undefined => {
    const data = from[`${member}-data`];
    if (data !== undefined) return Buffer.from(data, 'base64').toString();
    const file = from[member];
    return file === undefined ? undefined : readFileSync(file, 'utf8');
  };
  const [ca, cert, key] = [
    read(cluster, 'certificate-authority'),
    read(user, 'client-certificate'),
    read(user, 'client-key'),
  ];
  return {
    url: new URL(String(cluster.server)),
    tls: { ca: ca ?? '', ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) },
  };
}

interface Transport {
  post(body: string, headers: Readonly<Record<string, string>>): Promise<WebhookAnswer>;
  cut(): void;
  close(): void;
}

function openTransport(target: Target, protocol: 'h2' | 'http/1.1'): Transport {
  return protocol === 'h2' ? openHttp2(target) : openHttp1(target);
}

/** C1, and the deadline that client-go adds to every request. */
function pathOf({ url }: Target): string {
  return `${url.pathname}?timeout=30s`;
}

function openHttp2(target: Target): Transport {
  let session: ClientHttp2Session | undefined;
  const connection = (): ClientHttp2Session => {
    if (session === undefined || session.closed || session.destroyed) {
      session = connect(target.url.origin, { ...target.tls, ...servername(target) });
      session.on('error', () => undefined);
    }
    return session;
  };
  return {
    post(body, headers) {
      return new Promise((resolve, reject) => {
        const stream = connection().request({ ':method': 'POST', ':path': pathOf(target), ...headers });
        let status = 0;
        let answered: Record<string, string> = {};
        let text = '';
        stream.setEncoding('utf8');
        stream.on('response', ({ ':status': code, ...rest }) => {
          status = Number(code);
          answered = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, String(value)]));
        });
        stream.on('data', (chunk: string) => {
          text += chunk;
        });
        stream.on('end', () =>
          status === 0
            ? reject(new Error('http2: connection lost'))
            : resolve({ status, headers: answered, text }),
        );
        stream.on('error', reject);
        stream.on('close', () => reject(new Error('http2: connection lost')));
        stream.end(body);
      });
    },
    cut: () => session?.destroy(),
    close: () => session?.destroy(),
  };
}

function openHttp1(target: Target): Transport {
  const agent = new Agent({ keepAlive: true, ...target.tls, ...servername(target) });
  return {
    post(body, headers) {
      return new Promise((resolve, reject) => {
        const outgoing = httpsRequest(
          new URL(pathOf(target), target.url.origin),
          { method: 'POST', agent, headers: { ...headers, 'content-length': Buffer.byteLength(body) } },
          (incoming) => {
            let text = '';
            incoming.setEncoding('utf8');
            incoming.on('data', (chunk: string) => {
              text += chunk;
            });
            incoming.on('error', reject);
            incoming.on('end', () => {
              const answered = Object.fromEntries(
                Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
              );
              resolve({ status: incoming.statusCode ?? 0, headers: answered, text });
            });
          },
        );
        outgoing.on('error', reject);
        outgoing.end(body);
      });
    },
    cut: () => agent.destroy(),
    close: () => agent.destroy(),
  };
}

function servername({ url }: Target): { readonly servername?: string } {
  return isIP(url.hostname) === 0 ? { servername: url.hostname } : {};
}
