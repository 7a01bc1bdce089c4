import { X509Certificate } from 'node:crypto';
import { isPartition } from '../../engine/arn/partitions.ts';
import {
  ConfigError,
  type ListenAddress,
  parseAccountId,
  parseListenAddress,
  parseRegion,
} from '../config.ts';

export const awsSources = ['none', 'aws'] as const;
export type AwsSource = (typeof awsSources)[number];
export const pinModes = ['none', 'first-use'] as const;
export type PinMode = (typeof pinModes)[number];

/** What this server asks of AWS itself; all of it absent: nothing leaves the machine. */
export interface AwsConfig {
  readonly sts?: {
    /** Accounts whose identities are believed; never empty. */
    readonly accounts: readonly string[];
    /** Regions whose STS is asked; `global` is the host without one. */
    readonly regions: readonly string[];
    /** Whether an entry may wait for its principal's first use. */
    readonly pinsAtFirstUse: boolean;
  };
  readonly stsRoute: AwsRoute;
  /** Keys to ask AWS's IAM and EC2 with. */
  readonly credentials?: { readonly file: string; readonly profile: string };
  readonly awsRoute: AwsRoute;
  /** A table of instances and their names. */
  readonly instancesFile?: string;
  readonly asksEc2: boolean;
}

/** How endpoints of AWS are reached, where that is not the ordinary way. */
export interface AwsRoute {
  readonly connect?: ListenAddress;
  readonly ca?: string;
}

/** The options of `entryway serve`, as they were given. */
export interface AwsOptions {
  readonly sts: AwsSource;
  readonly stsAccounts?: string;
  readonly stsRegions?: string;
  readonly stsPartition: string;
  readonly stsConnect?: string;
  readonly stsCa?: string;
  readonly awsCredentials?: string;
  readonly awsProfile?: string;
  readonly awsConnect?: string;
  readonly awsCa?: string;
  readonly pin: PinMode;
  readonly instances?: string;
  readonly ec2: AwsSource;
}

const maximumAccounts = 1000;

/**
 * Undefined when nothing is to be asked of AWS and no table is given. `region` is the server's, `readFile` answers the text
 * of a file. Throws ConfigError: an option that would change nothing is refused, because somebody relies on it.
 */
export function parseAwsOptions(
  options: AwsOptions,
  { region, partition, readFile }: { region: string; partition: string; readFile: (path: string) => string },
): AwsConfig | undefined {
  refusePartition(options.stsPartition, partition);
  refuseIdle(options);
  const { awsCredentials, instances, ec2 } = options;
  const sts = options.sts === 'aws' ? parseSts(options, region) : undefined;
  if (sts === undefined && ec2 === 'none' && instances === undefined) return undefined;
  return {
    ...(sts && { sts }),
    stsRoute: parseRoute('--sts-connect', options.stsConnect, '--sts-ca', options.stsCa, readFile),
    ...(awsCredentials !== undefined && {
      credentials: { file: awsCredentials, profile: options.awsProfile ?? 'default' },
    }),
    awsRoute: parseRoute('--aws-connect', options.awsConnect, '--aws-ca', options.awsCa, readFile),
    ...(instances !== undefined && { instancesFile: instances }),
    asksEc2: ec2 === 'aws',
  };
}

/** The ARNs of clusters and accounts here are of one partition, and so are the tokens that are read. */
function refusePartition(asked: string, own: string): void {
  if (asked === own) return;
  throw new ConfigError(
    isPartition(asked)
      ? `--sts-partition \`${asked}\`: this server is of partition \`${own}\` and reads tokens for no other`
      : `--sts-partition \`${asked}\` is no partition of AWS`,
    `leave it out, or say \`${own}\``,
  );
}

function refuseIdle(options: AwsOptions): void {
  const { sts, ec2, awsCredentials } = options;
  const refuse = (option: string, needed: string): never => {
    throw new ConfigError(`${option} changes nothing without ${needed}`, 'give both, or leave it out');
  };
  if (sts === 'none') {
    if (options.stsAccounts !== undefined) refuse('--sts-accounts', '--sts aws');
    if (options.stsRegions !== undefined) refuse('--sts-regions', '--sts aws');
    if (options.stsConnect !== undefined) refuse('--sts-connect', '--sts aws');
    if (options.stsCa !== undefined) refuse('--sts-ca', '--sts aws');
    if (options.pin !== 'none') refuse('--pin', '--sts aws');
    if (ec2 === 'none' && awsCredentials !== undefined) refuse('--aws-credentials', '--sts aws or --ec2 aws');
  }
  if (awsCredentials === undefined) {
    if (ec2 === 'aws')
      throw new ConfigError('--ec2 aws needs --aws-credentials', 'name a shared credentials file');
    if (options.awsProfile !== undefined) refuse('--aws-profile', '--aws-credentials');
    if (options.awsConnect !== undefined) refuse('--aws-connect', '--aws-credentials');
    if (options.awsCa !== undefined) refuse('--aws-ca', '--aws-credentials');
  }
}

function parseSts(options: AwsOptions, region: string): NonNullable<AwsConfig['sts']> {
  // SECURITY: account numbers of this server are the operator's choice, so that AWS's word for an identity counts only in
  // accounts that somebody has named.
  if (options.stsAccounts === undefined) {
    throw new ConfigError(
      '--sts aws needs --sts-accounts: the AWS accounts whose identities may come in',
      'for example --sts-accounts 111122223333,444455556666',
    );
  }
  const accounts = listOf(options.stsAccounts, '--sts-accounts').map(parseAccountId);
  if (accounts.length > maximumAccounts) {
    throw new ConfigError(`--sts-accounts names more than ${maximumAccounts} accounts`);
  }
  const regions =
    options.stsRegions === undefined
      ? [region, 'global']
      : listOf(options.stsRegions, '--sts-regions').map((name) =>
          name === 'global' ? name : parseRegion(name),
        );
  return { accounts, regions, pinsAtFirstUse: options.pin === 'first-use' };
}

function listOf(text: string, option: string): readonly string[] {
  const items = text.split(',').map((item) => item.trim());
  if (items.includes('')) throw new ConfigError(`${option} \`${text}\` is not a list with commas`);
  return [...new Set(items)];
}

function parseRoute(
  connectOption: string,
  connect: string | undefined,
  caOption: string,
  ca: string | undefined,
  readFile: (path: string) => string,
): AwsRoute {
  const address = connect === undefined ? undefined : parseListenAddress(connect, connectOption);
  if (address?.port === 0) throw new ConfigError(`${connectOption} \`${connect}\` has no port`);
  return {
    ...(address && { connect: address }),
    ...(ca !== undefined && { ca: parseCertificates(readFile(ca), `${caOption} \`${ca}\``) }),
  };
}

/** Every block must be a certificate: one that is passed over would be missed much later, as a connection that fails. */
function parseCertificates(text: string, what: string): string {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    for (const block of blocks) new X509Certificate(block);
  } catch {
    throw new ConfigError(`${what} holds a certificate that cannot be read`);
  }
  if (blocks.length === 0) throw new ConfigError(`${what} holds no certificate`, 'PEM is expected');
  return blocks.join('\n');
}
