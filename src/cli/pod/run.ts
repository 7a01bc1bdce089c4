import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Agent, agentPath, createAgent } from '../../agent/agent.ts';
import { createAwsClient } from '../../clients/aws.ts';
import { createKubernetesClient, type KubernetesAnswer } from '../../clients/kubernetes.ts';
import { agentUri, agentUriIpv6 } from '../../engine/podcredentials/names.ts';
import { listen, originOf } from '../../server/addresses.ts';
import { createLog } from '../../server/log.ts';
import { type IdentityOptions, identityOf, rootCredentials } from '../../server/operatoridentity.ts';
import type { ReadyFile } from '../../server/readyfile.ts';
import { createToken } from '../../wire/token/create.ts';
import { type ConnectionOptions, readConnection } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { containerView, type Pod, type TokenFile } from './container.ts';

export interface RunAsPodOptions extends ConnectionOptions, IdentityOptions {
  readonly cluster: string;
  readonly container?: string;
}

/**
 * Runs a command with the environment of the pod's container and files with the tokens its volumes ask for, renewed as
 * a kubelet renews them, and resolves with the command's exit code. AWS's endpoints are this server's, and an agent for Pod
 * Identity is there for as long as the command runs, unless the pod was told of one at another address than that of EKS's.
 */
export async function runAsPod(
  podName: string,
  [program = '', ...args]: readonly string[],
  options: RunAsPodOptions,
): Promise<number> {
  const connection = readConnection(options);
  const cluster = await openCluster(connection, options);
  const root = mkdtempSync(join(tmpdir(), 'entryway-pod-'));
  let renewal: NodeJS.Timeout | undefined;
  let agent: Agent | undefined;
  try {
    const pod = await cluster.pod(podName);
    const view = containerView(pod, root, options.container);
    if (view === undefined) {
      const names = pod.spec.containers.map(({ name }) => name).join(', ');
      throw new CommandError(
        'misuse',
        `pod \`${podName}\` has no container of that name`,
        `it has: ${names}`,
      );
    }
    if (view.leftOut.length > 0) {
      process.stderr.write(`entryway: left out, only a kubelet knows: ${view.leftOut.join(', ')}\n`);
    }
    const renew = async (): Promise<void> => {
      for (const file of view.tokenFiles) writeToken(file.path, await cluster.token(pod, file));
    };
    await renew();
    const shortest = Math.min(...view.tokenFiles.map(({ expirationSeconds }) => expirationSeconds));
    if (Number.isFinite(shortest)) {
      // A kubelet renews at four fifths of a token's life. A failure leaves the token that is there until the next turn.
      const turn = (): void => {
        renew().catch((error: unknown) =>
          process.stderr.write(`entryway: tokens stay as they are: ${error}\n`),
        );
      };
      renewal = setInterval(turn, shortest * 800);
    }
    const variables = environment(connection, root, view.variables);
    if (asksEksAgent(view.variables)) {
      agent = createAgent({
        ...{ clusterName: options.cluster, endpoint: connection.awsEndpoint, region: connection.region },
        ...{
          credentials: async () => rootCredentials(connection),
          log: createLog({ level: 'warn', format: 'text' }),
        },
      });
      const host = '127.0.0.1';
      const address = await listen(agent.podServer(host), { host, port: 0 });
      variables[agentVariable] = `${originOf('http', host, address)}${agentPath}`;
    }
    return await run(program, args, variables);
  } finally {
    clearInterval(renewal);
    await agent?.close();
    cluster.close();
    rmSync(root, { recursive: true, force: true });
  }
}

const agentVariable = 'AWS_CONTAINER_CREDENTIALS_FULL_URI';

/** Whether the pod was sent to the address that agents have on nodes of EKS, where none of this machine is. */
function asksEksAgent({ [agentVariable]: uri = '' }: Readonly<Record<string, string>>): boolean {
  return uri === agentUri || uri === agentUriIpv6;
}

/** What would win over the pod's own credentials; in a container there is none of it. */
const foreignCredentials = [
  ...[
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'AWS_SESSION_TOKEN',
    'AWS_PROFILE',
    'AWS_DEFAULT_PROFILE',
  ],
  ...['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_SESSION_NAME'],
  ...['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'],
  ...['AWS_CONTAINER_AUTHORIZATION_TOKEN', 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'],
];

function environment(
  { awsEndpoint, region }: ReadyFile,
  root: string,
  variables: Readonly<Record<string, string>>,
): NodeJS.ProcessEnv {
  const own = { ...process.env };
  for (const name of foreignCredentials) delete own[name];
  return {
    ...own,
    // The profile of whoever runs this is not the pod's.
    AWS_CONFIG_FILE: join(root, 'none'),
    AWS_SHARED_CREDENTIALS_FILE: join(root, 'none'),
    AWS_ENDPOINT_URL: awsEndpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    ...variables,
  };
}

/** Resolves with the exit code, that of a shell where a signal ended the program. */
function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(program, args, { env, stdio: 'inherit' });
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of signals) process.on(signal, pass);
  return new Promise<number>((resolve, reject) => {
    child.on('error', (error) =>
      reject(new CommandError('misuse', `cannot run \`${program}\`: ${error.message}`)),
    );
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)));
  }).finally(() => {
    for (const signal of signals) process.off(signal, pass);
  });
}

/** Written aside and renamed: the command may be reading it. */
function writeToken(path: string, token: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, token, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

interface OpenedCluster {
  /** `NAMESPACE/NAME`. */
  pod(name: string): Promise<Pod>;
  token(pod: Pod, file: TokenFile): Promise<string>;
  close(): void;
}

async function openCluster(connection: ReadyFile, options: RunAsPodOptions): Promise<OpenedCluster> {
  const { awsEndpoint: endpoint, region } = connection;
  const aws = createAwsClient({ endpoint, region, credentials: rootCredentials(connection) });
  const { cluster } = await aws.call<{
    cluster: { readonly endpoint?: string; readonly certificateAuthority?: { readonly data: string } };
  }>('eks', 'DescribeCluster', { name: options.cluster });
  if (cluster.endpoint === undefined || cluster.certificateAuthority === undefined) {
    throw new CommandError(
      'misuse',
      `cluster \`${options.cluster}\` is connected: its pods run on its nodes`,
      'name a built-in cluster with --cluster',
    );
  }
  const credentials = await identityOf(connection, options);
  const caPem = Buffer.from(cluster.certificateAuthority.data, 'base64').toString('utf8');
  const client = createKubernetesClient(cluster.endpoint, caPem);
  const send = async <Body>(method: string, path: string, body?: unknown): Promise<Body> => {
    const token = createToken({ credentials, region, clusterName: options.cluster, now: Date.now() });
    const answer = await client.send({ token, method, path, ...(body !== undefined && { body }) });
    if (answer.status >= 300) throw refused(answer);
    return answer.body as Body;
  };
  return {
    pod(text) {
      const [, namespace, name] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
      if (namespace === undefined || name === undefined) {
        throw new CommandError('misuse', `\`${text}\` is not NAMESPACE/NAME of a pod`);
      }
      return send(
        'GET',
        `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`,
      );
    },
    async token({ metadata: { namespace, name, uid }, spec }, { audience, expirationSeconds }) {
      const { serviceAccountName: account = 'default' } = spec;
      const { status } = await send<{ status: { token: string } }>(
        'POST',
        `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
        {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: {
            audiences: audience === undefined ? [] : [audience],
            expirationSeconds,
            boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
          },
        },
      );
      return status.token;
    },
    close: () => client.close(),
  };
}

function refused({ status, body }: KubernetesAnswer): CommandError {
  const { message } = (body ?? {}) as { readonly message?: unknown };
  const isDenied = status === 401 || status === 403;
  const hints: Readonly<Record<number, string>> = {
    401: 'the cluster does not know who asks: name somebody it knows with --role or --user',
    403: 'name somebody who may with --role or --user',
    404: 'see what there is: kubectl get pods --all-namespaces',
  };
  return new CommandError(
    isDenied ? 'denied' : 'failure',
    typeof message === 'string' ? message : `the cluster answered ${status}`,
    hints[status],
  );
}
