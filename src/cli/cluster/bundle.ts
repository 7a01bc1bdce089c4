import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isLoopback } from '../../server/config.ts';
import { writePrivateFile } from '../../server/datadirectory.ts';
import { atAddress, parseAddress } from '../bundle/address.ts';
import { renderBundle } from '../bundle/bundle.ts';
import { type BundleFile, type BundleInput, bundlePaths, type Distribution } from '../bundle/input.ts';
import {
  hasAuthorizationConfiguration,
  newestMinor,
  oldestMinor,
  parseKubernetesVersion,
} from '../bundle/version.ts';
import type { ConnectionOptions } from '../connection.ts';
import { CommandError } from '../failure.ts';
import { checkAudiences, putAudiences } from './audiences.ts';
import { type ClusterClient, openClusterClient } from './client.ts';
import { type IssuedCredential, requestCredential } from './credentials.ts';

export interface BundleOptions extends ConnectionOptions {
  readonly for: Distribution;
  readonly out: string;
  readonly kubernetesVersion: string;
  readonly address?: string;
  readonly apiAudience?: readonly string[];
  readonly classicFlags?: true;
  readonly pods?: true;
  readonly days: string;
  readonly force?: true;
}

/** Writes everything a connected cluster needs to ask this server, with a client certificate of its own. */
export async function writeBundle(clusterName: string, options: BundleOptions): Promise<void> {
  const wanted = parseWishes(options);
  const directory = resolve(options.out);
  prepareDirectory(directory, options.force === true);
  const client = openClusterClient(options);
  if (options.apiAudience !== undefined) await putAudiences(client, clusterName, options.apiAudience);
  const issued = await requestCredential(client, clusterName, {
    days: options.days,
    description: `bundle for ${options.for}`,
  });
  const { serialNumber, expiresAt } = issued.credential;
  const input: BundleInput = {
    ...wanted,
    ...urlsAt(wanted.address, issued, options.pods === true),
    clusterName,
    caPem: issued.certificateAuthority,
    certificatePem: issued.certificate,
    keyPem: issued.privateKey,
    directory,
    serialNumber,
    expires: expiresAt.toISOString().slice(0, 10),
  };
  try {
    writeFiles(directory, renderBundle(input));
  } catch (error) {
    // A certificate whose key went half to the disk is nobody's.
    await revoke(client, clusterName, serialNumber);
    throw new CommandError(
      'failure',
      `the bundle cannot be written: ${(error as Error).message}`,
      `the certificate ${serialNumber} that was issued for it is revoked`,
    );
  }
  process.stderr.write(warningAbout(input) + warningAboutName(input));
  process.stdout.write(report(input));
}

interface Wishes extends Pick<BundleInput, 'distribution' | 'version' | 'authorization'> {
  readonly address: URL | undefined;
}

function parseWishes(options: BundleOptions): Wishes {
  const version = parseKubernetesVersion(options.kubernetesVersion);
  if (version === undefined) {
    throw new CommandError(
      'misuse',
      `--kubernetes-version \`${options.kubernetesVersion}\` is not a version from 1.${oldestMinor} to 1.${newestMinor}`,
      'ask the cluster with `kubectl version`',
    );
  }
  checkAudiences(options.apiAudience ?? []);
  const isFile = hasAuthorizationConfiguration(version) && options.classicFlags !== true;
  return {
    distribution: options.for,
    version,
    authorization: isFile ? 'configuration' : 'flags',
    address: options.address === undefined ? undefined : parseAddress(options.address),
  };
}

/** Where the API server is to ask: at the server's own address, or at the one that was given. */
function urlsAt(
  address: URL | undefined,
  {
    authenticateUrl,
    authorizeUrl,
    podsUrl,
  }: Pick<IssuedCredential, 'authenticateUrl' | 'authorizeUrl' | 'podsUrl'>,
  withPods: boolean,
): Pick<BundleInput, 'authenticateUrl' | 'authorizeUrl' | 'podsUrl' | 'tlsServerName'> {
  const pods = withPods ? { podsUrl } : {};
  if (address === undefined) return { authenticateUrl, authorizeUrl, ...pods };
  const { url, ...name } = atAddress(address, authenticateUrl);
  return {
    authenticateUrl: url,
    authorizeUrl: atAddress(address, authorizeUrl).url,
    ...(withPods && { podsUrl: atAddress(address, podsUrl).url }),
    ...name,
  };
}

/** Refuses a directory with anything in it, unless it may hold an earlier bundle. */
function prepareDirectory(directory: string, force: boolean): void {
  let names: readonly string[];
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    names = readdirSync(directory);
  } catch (error) {
    throw new CommandError('misuse', `--out \`${directory}\` cannot be used: ${(error as Error).message}`);
  }
  if (names.length > 0 && !force) {
    throw new CommandError(
      'misuse',
      `--out \`${directory}\` is not empty`,
      'name another directory, or add --force to write a new bundle over the one that is there',
    );
  }
}

/** Takes away what an earlier bundle left, and nothing else; after a failure nothing of either is there. */
function writeFiles(directory: string, files: readonly BundleFile[]): void {
  const written: string[] = [];
  try {
    for (const path of bundlePaths) rmSync(join(directory, path), { force: true });
    for (const { path, mode, content } of files) {
      const file = join(directory, path);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      written.push(file);
      if (mode === 0o600) writePrivateFile(file, content);
      else {
        writeFileSync(file, content, { mode });
        chmodSync(file, mode);
      }
    }
  } catch (error) {
    for (const file of written) rmSync(file, { force: true });
    throw error;
  }
}

async function revoke({ aws }: ClusterClient, clusterName: string, serialNumber: string): Promise<void> {
  await aws.call('entryway', 'RevokeWebhookCredential', { clusterName, serialNumber });
}

function warningAbout({ distribution, authenticateUrl }: BundleInput): string {
  const { host, hostname } = new URL(authenticateUrl);
  if (!isLoopback(hostname.replace(/^\[|\]$/g, ''))) return '';
  const isElsewhere = distribution === 'kind' || distribution === 'minikube' || distribution === 'talos';
  const meaning = isElsewhere
    ? `to the API server of ${distribution} that is its own container or machine, not this one`
    : 'that reaches this server only where the API server runs on this machine';
  return `entryway: warning: the bundle names https://${host}: ${meaning}\nhint: start the server with --webhook-listen on an address others can reach and --allow-remote, or give --address\n`;
}

/** An admission webhook has no `tls-server-name`: its certificate has to be for the host that is asked. */
function warningAboutName({ podsUrl, tlsServerName }: BundleInput): string {
  if (podsUrl === undefined || tlsServerName === undefined) return '';
  const { hostname } = new URL(podsUrl);
  return `entryway: warning: the API server will ask about pods only where the server’s certificate is for ${hostname}\nhint: start the server with --webhook-name ${hostname}, beside the names it has\n`;
}

function report({
  directory,
  clusterName,
  distribution,
  version,
  serialNumber,
  expires,
}: BundleInput): string {
  return [
    `${directory}: bundle for ${distribution}, Kubernetes ${version.text}`,
    `certificate ${serialNumber}, until ${expires}`,
    '',
    `Follow ${join(directory, 'README.md')}. Then:`,
    `  entryway doctor --cluster ${clusterName} --bundle ${directory}`,
    '',
  ].join('\n');
}
