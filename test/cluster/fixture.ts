import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { AccessRegistry, Authentication, ClusterAccess } from '../../src/access/access.ts';
import type { BlockList } from '../../src/access/blocklist.ts';
import { createServiceAccountTokens, type ServiceAccountTokens } from '../../src/access/serviceaccounts.ts';
import { looksLikeJwt } from '../../src/access/serviceaccounttoken.ts';
import { openTrail, type Trail } from '../../src/audit/trail.ts';
import {
  createKubernetesApi,
  createKubernetesServer,
  type KubernetesApi,
  type KubernetesApiOptions,
  type KubernetesOutcome,
} from '../../src/cluster/api.ts';
import { bootstrapChanges } from '../../src/cluster/bootstrap.ts';
import type { KubernetesApiLimits } from '../../src/cluster/limits.ts';
import type { UserInfo } from '../../src/engine/authorizer/attributes.ts';
import { createAuthorizer } from '../../src/engine/authorizer/authorizer.ts';
import type { RbacObject } from '../../src/engine/rbac/objects.ts';
import { createServerCertificate } from '../../src/server/certificates.ts';
import { openTemporaryDirectory } from '../../src/server/datadirectory.ts';
import { createSecretBox } from '../../src/services/secretbox.ts';
import { createMemoryStorage } from '../../src/storage/memory/memory.ts';
import type { ClusterRecord } from '../../src/storage/records/eks.ts';
import { clusterKey, resourcePrefix } from '../../src/storage/records/keys.ts';
import type { Storage } from '../../src/storage/storage.ts';

export const clusterId = 'c1';
export const clusterPath = '/clusters/111122223333/eu-central-1/demo';

/** Who the tokens of the tests belong to. */
const people: Readonly<Record<string, Partial<UserInfo>>> = {
  /** Of a principal that a test may block. */
  mallory: { groups: ['system:masters'], extra: { principalId: ['AROAMALLORY0000000000'] } },
  admin: { groups: ['system:masters'] },
  alice: {
    groups: ['developers'],
    extra: { 'sigs.k8s.io/aws-iam-authenticator/principalId': ['AROAALICE'] },
  },
  bob: {},
  operator: { groups: ['operators'] },
};

export const clusterRecord: ClusterRecord = {
  clusterId,
  accountId: '111122223333',
  region: 'eu-central-1',
  name: 'demo',
  arn: 'arn:aws:eks:eu-central-1:111122223333:cluster/demo',
  createdAt: 0,
  version: '1.35',
  roleArn: 'arn:aws:iam::111122223333:role/cluster',
  authenticationMode: 'API',
  bootstrapClusterCreatorAdminPermissions: true,
  tags: {},
  kind: 'builtIn',
  echoed: {},
};

const list = (value: unknown): readonly never[] => (Array.isArray(value) ? (value as never[]) : []);

function rbacObject(value: string): RbacObject {
  const object = JSON.parse(value) as Record<string, never> & {
    kind: RbacObject['kind'];
    metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  };
  const { name, namespace = '', labels = {} } = object.metadata;
  const rules = list(object.rules).map((rule: Record<string, never>) => ({
    verbs: list(rule.verbs),
    apiGroups: list(rule.apiGroups),
    resources: list(rule.resources),
    resourceNames: list(rule.resourceNames),
    nonResourceURLs: list(rule.nonResourceURLs),
  }));
  const subjects = list(object.subjects).map((subject: Record<string, never>) => ({
    kind: subject.kind as never,
    name: subject.name as never,
    namespace: (subject.namespace as never) ?? '',
  }));
  const roleRef = object.roleRef as never;
  const aggregation = object.aggregationRule as unknown as
    | { clusterRoleSelectors: { matchLabels?: Record<string, string>; matchExpressions?: never[] }[] }
    | undefined;
  switch (object.kind) {
    case 'ClusterRole':
      return {
        kind: 'ClusterRole',
        name,
        labels,
        rules,
        ...(aggregation && {
          aggregationRule: {
            clusterRoleSelectors: aggregation.clusterRoleSelectors.map(
              ({ matchLabels, matchExpressions }) => ({
                matchLabels: matchLabels ?? {},
                matchExpressions: list(matchExpressions),
              }),
            ),
          },
        }),
      };
    case 'Role':
      return { kind: 'Role', name, namespace, rules };
    case 'ClusterRoleBinding':
      return { kind: 'ClusterRoleBinding', name, roleRef, subjects };
    case 'RoleBinding':
      return { kind: 'RoleBinding', name, namespace, roleRef, subjects };
    default:
      throw new Error('no RBAC object');
  }
}

/** An access registry of one cluster: tokens are names of `people`, decisions are the real engine's. */
function createFakeAccess(
  storage: Storage,
  serviceAccounts: ServiceAccountTokens,
  cluster: ClusterRecord,
): AccessRegistry {
  const authorizer = createAuthorizer({ partition: 'aws', now: Date.now });
  const prefix = resourcePrefix(clusterId, 'rbac.authorization.k8s.io', '').slice(0, -1);
  const watch = storage.watch({ prefix, after: 0 }, (changes) => {
    for (const change of changes) {
      if (change.value !== undefined) authorizer.applyObject(rbacObject(change.value));
      else if (change.previous !== undefined) {
        const {
          kind,
          name,
          namespace = '',
        } = {
          namespace: '',
          ...rbacObject(change.previous.value),
        };
        authorizer.removeObject({ kind, name, namespace });
      }
    }
  });
  const evidence = { step: 'credential', code: 'test', message: 'test' } as const;
  const access: ClusterAccess = {
    cluster,
    authorizeByPolicies: authorizer.authorizeByPolicies,
    async authenticate(token, now, audiences): Promise<Authentication> {
      if (looksLikeJwt(token)) {
        return serviceAccounts.authenticate(clusterRecord, token, { now, audiences });
      }
      if (token === 'broken-store') return { outcome: 'unavailable', evidence };
      const person = Object.hasOwn(people, token) ? people[token] : undefined;
      if (person === undefined) return { outcome: 'refused', evidence };
      return {
        outcome: 'authenticated',
        user: { username: token, uid: `uid-${token}`, groups: [], extra: {}, ...person },
        evidence,
      };
    },
    authorize: (attributes) => authorizer.authorize(attributes),
    rulesFor: (user, namespace) => authorizer.rulesFor(user, namespace),
    rbacRulesFor: (user, namespace) => authorizer.rbacRulesFor(user, namespace),
    roleRules: (kind, namespace, name) => authorizer.roleRules(kind, namespace, name),
    awsAuthState: () => ({ mode: 'compatible', keys: [] }),
    identityUnder: () => ({ ok: false, code: 'noMapping', message: 'nobody comes from IAM here' }),
  };
  return {
    cluster: (id) => (id === clusterId ? access : undefined),
    clusterByName: (accountId, region, name) =>
      accountId === clusterRecord.accountId && region === clusterRecord.region && name === clusterRecord.name
        ? access
        : undefined,
    clusters: () => [access],
    close: () => watch.close(),
  };
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every kind
  readonly body: any;
}

export interface CallOptions {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly raw?: string | Uint8Array;
}

export interface TestApi {
  readonly storage: Storage;
  readonly api: KubernetesApi;
  readonly trail: Trail;
  readonly outcomes: KubernetesOutcome[];
  /** `https://127.0.0.1:PORT/clusters/…`. */
  readonly endpoint: string;
  readonly port: number;
  readonly caPem: string;
  /** Path below the cluster; as `admin` unless told otherwise, JSON unless a content type is set. */
  call(method: string, path: string, options?: CallOptions): Promise<TestAnswer>;
  /** Opens a GET and yields its lines. */
  open(path: string, options?: CallOptions): Promise<{ response: IncomingMessage; lines: LineReader }>;
  close(): Promise<void>;
}

export interface LineReader {
  /** The next line as JSON, undefined at the end of the stream. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into events of every kind
  next(): Promise<any>;
}

export async function startTestApi(
  options: {
    readonly limits?: Partial<KubernetesApiLimits>;
    readonly retainedChanges?: number;
    readonly blocks?: BlockList;
    readonly admissionWebhooks?: KubernetesApiOptions['admissionWebhooks'];
    /** Of Kubernetes; 1.35 when not told. */
    readonly version?: string;
    readonly constrainedImpersonation?: boolean;
    readonly access?: (storage: Storage, serviceAccounts: ServiceAccountTokens) => Promise<AccessRegistry>;
  } = {},
): Promise<TestApi> {
  const storage = createMemoryStorage(
    options.retainedChanges === undefined ? {} : { retainedChanges: options.retainedChanges },
  );
  const directory = openTemporaryDirectory();
  const certificate = await createServerCertificate(directory, [], Date.now());
  const random = {
    bytes: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
    uuid: () => crypto.randomUUID(),
  };
  await storage.commit({
    changes: [
      {
        type: 'put',
        key: clusterKey('111122223333', 'eu-central-1', 'demo'),
        value: JSON.stringify(clusterRecord),
      },
      ...bootstrapChanges(clusterId, Date.now(), { caPem: certificate.caPem, random }),
    ],
  });
  const sealer = createSecretBox(random.bytes(32));
  const serviceAccounts = createServiceAccountTokens({ storage, sealer, now: Date.now });
  const access = options.access
    ? await options.access(storage, serviceAccounts)
    : createFakeAccess(storage, serviceAccounts, {
        ...clusterRecord,
        version: options.version ?? clusterRecord.version,
      });
  const outcomes: KubernetesOutcome[] = [];
  const trail = await openTrail({
    storage,
    now: Date.now,
    newId: random.uuid,
    operatorAccountId: clusterRecord.accountId,
    region: clusterRecord.region,
    log: { error: (fields, message) => console.error(message, fields) },
  });
  const api = createKubernetesApi({
    storage,
    access,
    recorder: trail.requests,
    serviceAccounts,
    endpointOf: () => `https://127.0.0.1${clusterPath}`,
    now: Date.now,
    random,
    log: { error: (fields, message) => console.error(message, fields), warn: () => undefined },
    caPem: certificate.caPem,
    observe: (outcome) => void outcomes.push(outcome),
    ...(options.limits && { limits: options.limits }),
    ...(options.constrainedImpersonation && { constrainedImpersonation: true }),
    ...(options.blocks && { blocks: options.blocks }),
    ...(options.admissionWebhooks && { admissionWebhooks: options.admissionWebhooks }),
  });
  const { server, close } = createKubernetesServer({
    key: certificate.keyPem,
    cert: certificate.certificatePem,
    api,
  });
  await new Promise<void>((resolve) =>
    server.listen(Number(process.env.TEST_KUBE_PORT ?? 0), '127.0.0.1', resolve),
  );
  const { port } = server.address() as AddressInfo;

  /** Calls share their connections: a handshake costs more than what most of them ask for. */
  const agent = new Agent({ keepAlive: true });
  const send = (
    method: string,
    path: string,
    call: CallOptions,
    through: Agent | false,
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const payload = call.raw ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
      const request = httpsRequest(
        {
          host: '127.0.0.1',
          port,
          method,
          path: path.startsWith('!') ? path.slice(1) : clusterPath + path,
          ca: certificate.caPem,
          agent: through,
          headers: {
            ...(call.token === '' ? {} : { authorization: `Bearer ${call.token ?? 'admin'}` }),
            ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
            ...(payload === undefined || call.headers?.['transfer-encoding']
              ? {}
              : { 'content-length': String(Buffer.byteLength(payload)) }),
            ...call.headers,
          },
        },
        resolve,
      );
      request.on('error', reject);
      request.end(payload);
    });

  return {
    storage,
    api,
    trail,
    outcomes,
    endpoint: `https://127.0.0.1:${port}${clusterPath}`,
    port,
    caPem: certificate.caPem,
    async call(method, path, call = {}) {
      const response = await send(method, path, call, agent);
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString('utf8');
      let body: unknown;
      try {
        body = JSON.parse(text);
      } catch {
        body = undefined;
      }
      return { status: response.statusCode ?? 0, headers: response.headers, text, body };
    },
    async open(path, call = {}) {
      const response = await send('GET', path, call, false);
      return { response, lines: readLines(response) };
    },
    async close() {
      agent.destroy();
      await close(1_000);
      access.close();
      await trail.close();
      await storage.close();
      directory.dispose();
    },
  };
}

function readLines(response: IncomingMessage): LineReader {
  const generator = (async function* () {
    let rest = '';
    for await (const chunk of response) {
      rest += (chunk as Buffer).toString('utf8');
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  })();
  return {
    async next() {
      const { value, done } = await generator.next();
      return done ? undefined : JSON.parse(value);
    },
  };
}
