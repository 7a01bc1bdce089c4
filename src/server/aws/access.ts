import { createAwsConnections } from '../../access/aws/connections.ts';
import { createEc2InstanceNames } from '../../access/aws/ec2.ts';
import { createAwsIam } from '../../access/aws/iam.ts';
import { createStsCallers, type StsFigures } from '../../access/aws/sts.ts';
import { createFirstUsePins, type FirstUsePinsOptions } from '../../access/firstuse.ts';
import type { InstanceNames } from '../../access/instances.ts';
import { createTableInstanceNames, parseInstanceTable } from '../../access/instancetable.ts';
import type { Pins } from '../../access/pins.ts';
import type { RemoteCallers } from '../../access/remotecallers.ts';
import { followFile } from '../../clients/followedfile.ts';
import { parseSharedCredentials } from '../../clients/sharedcredentials.ts';
import type { AwsPrincipals } from '../../services/eks/deps.ts';
import { accountKey } from '../../storage/records/keys.ts';
import type { Storage, Watch } from '../../storage/storage.ts';
import { ConfigError } from '../config.ts';
import type { Log } from '../log.ts';
import type { AwsConfig } from './config.ts';

/** What this server knows from AWS; what is not configured is absent. */
export interface AwsAccess {
  readonly remoteCallers?: RemoteCallers;
  readonly instances?: InstanceNames;
  readonly pins?: Pins;
  readonly awsPrincipals?: AwsPrincipals;
  readonly stsFigures?: () => StsFigures;
  close(): void;
}

export interface AwsAccessOptions {
  readonly config: AwsConfig | undefined;
  readonly partition: string;
  readonly region: string;
  readonly storage: Storage;
  readonly now: () => number;
  readonly log: Log;
  /** Where `HTTPS_PROXY` and `NO_PROXY` stand. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly recordPin: NonNullable<FirstUsePinsOptions['alongside']>;
}

/** EC2 describes a hundred instances in one answer. */
const ec2AnswerBytes = 8 * 2 ** 20;

/** Opens what the configuration asks for. Rejects with ConfigError when a file that is named cannot be used. */
export async function openAwsAccess(options: AwsAccessOptions): Promise<AwsAccess> {
  const { config, partition, region, storage, now, log, environment: proxyEnv } = options;
  if (config === undefined) return { close: () => undefined };
  const { sts, stsRoute, awsRoute, credentials, instancesFile, asksEc2 } = config;

  const files = { log, now };
  const keys =
    credentials &&
    followFile({
      ...files,
      path: credentials.file,
      parse: (text) => parseSharedCredentials(text, credentials.profile),
    });
  const table =
    instancesFile === undefined
      ? undefined
      : followFile({ ...files, path: instancesFile, parse: parseInstanceTable });
  await readable(keys, `--aws-credentials \`${credentials?.file}\``);
  await readable(table, `--instances \`${instancesFile}\``);

  const stsConnections = createAwsConnections({ ...stsRoute, proxyEnv });
  const iamConnections = createAwsConnections({ ...awsRoute, proxyEnv, maximumSockets: 8 });
  const ec2Connections = createAwsConnections({
    ...awsRoute,
    proxyEnv,
    maximumSockets: 8,
    maximumBytes: ec2AnswerBytes,
  });
  const played = await tellPlayedAccounts(sts?.accounts ?? [], storage, log);
  const callers =
    sts &&
    createStsCallers({
      connections: stsConnections,
      partition,
      regions: new Set(sts.regions),
      accounts: new Set(sts.accounts),
      playsAccount: async (accountId) => (await storage.get(accountKey(accountId))) !== undefined,
    });
  const askIam =
    keys && createAwsIam({ iamConnections, stsConnections, credentials: () => keys.current(), region, now });
  const ec2 =
    keys && asksEc2
      ? createEc2InstanceNames({
          connections: ec2Connections,
          credentials: () => keys.current(),
          region,
          now,
        })
      : undefined;
  const instances = table === undefined ? ec2 : createTableInstanceNames(() => table.current(), ec2);
  const pins = createFirstUsePins({ storage, log, alongside: options.recordPin });

  return {
    ...(callers && { remoteCallers: callers, stsFigures: () => callers.figures() }),
    ...(instances && { instances }),
    ...(sts?.pinsAtFirstUse && { pins }),
    ...(sts && { awsPrincipals: awsPrincipals(sts, askIam, log) }),
    close() {
      played.close();
      for (const connections of [stsConnections, iamConnections, ec2Connections]) connections.close();
    },
  };
}

/** Warns of accounts that are believed from AWS and played here, now and when they are made. */
async function tellPlayedAccounts(
  accounts: readonly string[],
  storage: Storage,
  log: Pick<Log, 'warn'>,
): Promise<Watch> {
  const believed = new Map(accounts.map((accountId) => [accountKey(accountId), accountId]));
  const tell = (key: string): void => {
    const accountId = believed.get(key);
    if (accountId === undefined) return;
    log.warn(
      { accountId },
      'an account of --sts-accounts is an account of this server, too: aws-auth and patterns, which go by name, cannot tell their principals apart',
    );
  };
  for (const stored of await storage.getMany([...believed.keys()])) if (stored) tell(stored.key);
  return storage.watch({ prefix: accountKey('') }, (changes) => {
    for (const { key, previous } of changes) if (previous === undefined) tell(key);
  });
}

/**
 * By AWS's IAM where it can be asked, else at first use where the operator wants that.
 *
 * COMPAT: EKS takes the root of any account (eks-access-facts B13a); here the root of an account of AWS is refused, because
 * no role or user of it would match.
 */
function awsPrincipals(
  { accounts, pinsAtFirstUse }: NonNullable<AwsConfig['sts']>,
  askIam: ReturnType<typeof createAwsIam> | undefined,
  log: Pick<Log, 'warn'>,
): AwsPrincipals {
  return {
    async find({ kind, accountId, name, arn }) {
      if (kind === 'root' || !accounts.includes(accountId)) return { outcome: 'none' };
      if (askIam !== undefined) {
        const answer = await askIam({ kind, accountId, name, arn });
        // What AWS says counts; only where nobody could say does the operator's choice.
        if (answer.outcome !== 'unknown' || !pinsAtFirstUse) return answer;
        log.warn(
          { principalArn: arn, because: answer.because },
          'AWS does not say who a principal is; its access entry waits for whoever comes first',
        );
        return { outcome: 'awaited' };
      }
      return pinsAtFirstUse ? { outcome: 'awaited' } : { outcome: 'none' };
    },
  };
}

async function readable(
  file: { readonly current: () => Promise<unknown> } | undefined,
  what: string,
): Promise<void> {
  try {
    await file?.current();
  } catch (error) {
    throw new ConfigError(`${what} cannot be used: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
}
