import { readFileSync } from 'node:fs';
import { createAwsClient } from '../clients/aws.ts';
import { ConfigError, defaultRegion, inMemoryConfig, parseRegion } from '../server/config.ts';
import { rootCredentials } from '../server/operatoridentity.ts';
import { type RunningServer, startServer } from '../server/server.ts';
import { kubeconfigFor } from '../wire/kube/kubeconfig.ts';
import { createToken } from '../wire/token/create.ts';
import { openAdministrator } from './administrator.ts';
import { applyManifests } from './apply.ts';
import { type Account, createEntry, openAccount } from './aws.ts';
import {
  type Cluster,
  type ClusterEntry,
  ClusterError,
  type ClusterOptions,
  type KubernetesVersion,
} from './cluster.ts';
import { askPermission } from './permission.ts';
import { createUsers } from './users.ts';

const versions: readonly KubernetesVersion[] = ['1.32', '1.33', '1.34', '1.35', '1.36'];
const defaultVersion: KubernetesVersion = '1.35';
const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const;

const knownOptions = ['version', 'name', 'region', 'manifests', 'entries', 'log'];

/** See `startCluster`. */
export async function start(options: ClusterOptions): Promise<Cluster> {
  const { version, name, region, log } = readOptions(options);
  const server = await startServer(inMemoryConfig({ region, logLevel: log }));
  let toClose: { close(): Promise<void> } = server;
  try {
    const { cluster, enter } = await openCluster(server, version, name);
    toClose = cluster;
    for (const entry of options.entries ?? []) await enter(entry);
    await cluster.apply(...(options.manifests ?? []));
    await cluster.idle();
    return cluster;
  } catch (error) {
    await toClose.close();
    throw error;
  }
}

/** By hand: a program without types can say anything. */
function readOptions(options: ClusterOptions): Required<Omit<Options, 'manifests' | 'entries'>> {
  if (typeof options !== 'object' || options === null) {
    throw new ClusterError('option', 'the options are no object');
  }
  const { version = defaultVersion, name = 'test', region = defaultRegion, log = 'silent' } = options;
  const unknown = Object.keys(options).find((option) => !knownOptions.includes(option));
  if (unknown !== undefined) {
    throw new ClusterError(
      'option',
      `there is no option \`${unknown}\`; there are ${knownOptions.join(', ')}`,
    );
  }
  for (const option of ['manifests', 'entries'] as const) {
    if (options[option] === undefined || Array.isArray(options[option])) continue;
    throw new ClusterError('option', `\`${option}\` is not an array`);
  }
  if (!versions.includes(version)) {
    throw new ClusterError('option', `version \`${version}\` is not one of ${versions.join(', ')}`);
  }
  if (!logLevels.includes(log)) {
    throw new ClusterError('option', `log \`${log}\` is not one of ${logLevels.join(', ')}`);
  }
  try {
    return { version, name, region: parseRegion(region), log };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ClusterError('option', error.message, { cause: error });
  }
}

type Options = { readonly [Option in keyof ClusterOptions]-?: Exclude<ClusterOptions[Option], undefined> };

async function openCluster(
  server: RunningServer,
  version: KubernetesVersion,
  name: string,
): Promise<{ readonly cluster: Cluster; readonly enter: (entry: ClusterEntry) => Promise<void> }> {
  const { connection } = server;
  const { accountId, region, awsEndpoint: endpoint } = connection;
  const credentials = rootCredentials(connection);
  const caPem = readFileSync(connection.caFile, 'utf8');
  const account = openAccount(createAwsClient({ endpoint, region, credentials }), accountId);
  const { arn, endpoint: url } = await createCluster(account, name, version);
  const tokenOfRoot = (): string => createToken({ credentials, region, clusterName: name, now: Date.now() });
  const administrator = openAdministrator({ endpoint: url, caPem, token: tokenOfRoot });
  const users = createUsers({ connection, account, administrator, clusterName: name });
  const kubeconfigWith = (token: string): string =>
    kubeconfigFor({
      clusterArn: arn,
      endpoint: url,
      caData: Buffer.from(caPem).toString('base64'),
      contextName: name,
      token,
    });

  let closed: Promise<void> | undefined;
  const requireOpen = (): void => {
    if (closed !== undefined) throw new ClusterError('closed', `cluster \`${name}\` has been closed`);
  };
  const whileOpen = async <Result>(ask: () => Promise<Result>): Promise<Result> => {
    requireOpen();
    try {
      return await ask();
    } catch (cause) {
      if (closed === undefined || cause instanceof ClusterError) throw cause;
      throw new ClusterError('closed', `cluster \`${name}\` was closed before it answered`, { cause });
    }
  };
  const close = (): Promise<void> => {
    closed ??= (async () => {
      administrator.close();
      await server.close();
    })();
    return closed;
  };
  const cluster: Cluster = {
    ...{ name, arn, version, url, caPem, accountId },
    aws: {
      endpoint,
      region,
      credentials: { accessKeyId: credentials.accessKeyId, secretAccessKey: credentials.secretAccessKey },
    },
    get kubeconfig() {
      return kubeconfigWith(tokenOfRoot());
    },
    kubeconfigFor: (user) => whileOpen(async () => kubeconfigWith(await users.tokenOf(user))),
    can: (user, verb, resource, { namespace = '', name: object = '' } = {}) =>
      whileOpen(async () => {
        const question = { verb, resource, namespace, name: object };
        const asked = { administrator, server, clusterName: name };
        return askPermission(asked, await users.tokenOf(user), question);
      }),
    apply: (...manifests) =>
      whileOpen(() => applyManifests({ administrator, idle: () => server.idle() }, manifests)),
    idle: () => whileOpen(() => server.idle()),
    close,
    [Symbol.asyncDispose]: close,
  };
  return { cluster, enter: (entry) => createEntry(account, name, entry) };
}

interface CreatedCluster {
  readonly arn: string;
  readonly endpoint: string;
}

/** Its creator, the account's root, is its administrator. */
async function createCluster(
  account: Account,
  name: string,
  version: KubernetesVersion,
): Promise<CreatedCluster> {
  const { cluster } = await account.call<{ readonly cluster: CreatedCluster }>('eks', 'CreateCluster', {
    name,
    version,
    roleArn: `arn:aws:iam::${account.accountId}:role/cluster`,
    resourcesVpcConfig: {},
    accessConfig: { authenticationMode: 'API_AND_CONFIG_MAP' },
  });
  return cluster;
}
