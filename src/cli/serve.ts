import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type AwsOptions, parseAwsOptions } from '../server/aws/config.ts';
import {
  type AwsAuthMode,
  type LogFormat,
  type LogLevel,
  type OidcIssuers,
  parseAccountId,
  parseAgentUri,
  parseAlertWebhook,
  parseIssuerAddress,
  parseListenAddress,
  parseRegion,
  parseTrailSize,
  parseWebhookNames,
  requireLoopback,
  type ServerConfig,
} from '../server/config.ts';
import { parseGuardrails } from '../server/guardrails.ts';
import { partition, type RunningServer, startServer } from '../server/server.ts';
import { dataDirectoryOf } from './connection.ts';
import { CommandError } from './failure.ts';
import { stopSignal } from './stopsignal.ts';
import { readText } from './textfile.ts';

export interface ServeOptions extends AwsOptions {
  readonly data?: string;
  readonly inMemory?: boolean;
  readonly awsListen: string;
  readonly kubeListen: string;
  readonly webhookListen?: string;
  readonly webhookName?: readonly string[];
  readonly allowRemote?: boolean;
  readonly account: string;
  readonly region: string;
  readonly readyFile?: string;
  readonly oidcIssuers: OidcIssuers;
  readonly oidcIssuerAddress?: string;
  readonly awsAuth: AwsAuthMode;
  readonly ssoRoleMatch?: boolean;
  readonly constrainedImpersonation?: boolean;
  readonly admissionWebhookHost?: readonly string[];
  readonly podIdentityAgentUri?: string;
  readonly trailSize?: string;
  readonly alertWebhook?: string;
  readonly alertSecretFile?: string;
  readonly serviceControlPolicy?: readonly string[];
  readonly resourceControlPolicy?: readonly string[];
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly demo?: boolean;
}

/** Runs until SIGTERM or SIGINT, then drains; a second signal ends at once. */
export async function serve(options: ServeOptions): Promise<void> {
  const config = parseConfig(options);
  // Listened for from the first moment: a signal while it starts must not leave a temporary directory behind.
  const stop = stopSignal();
  const server = await startServer(config);
  const stopped = stop.then(() => 'stopped' as const);
  try {
    const shown = show(server, options).then(() => 'shown' as const);
    // Stopped in the middle of the demo, what it was doing fails: that is nobody's concern any more.
    if ((await Promise.race([stopped, shown])) === 'shown') await stopped;
  } finally {
    await server.close();
  }
}

async function show(server: RunningServer, { demo }: ServeOptions): Promise<void> {
  if (demo) await (await import('./demo/demo.ts')).runDemo(server);
  else process.stdout.write(banner(server));
}

function parseConfig(options: ServeOptions): ServerConfig {
  const awsListen = parseListenAddress(options.awsListen, '--aws-listen');
  const kubeListen = parseListenAddress(options.kubeListen, '--kube-listen');
  const webhookListen = webhookListenOf(options);
  if (!options.allowRemote) {
    requireLoopback(awsListen, '--aws-listen');
    requireLoopback(kubeListen, '--kube-listen');
    if (webhookListen !== undefined) requireLoopback(webhookListen, '--webhook-listen');
  }
  if (options.inMemory && options.data !== undefined) {
    throw new CommandError(
      'misuse',
      '--in-memory keeps nothing and takes no --data',
      'leave one of them out',
    );
  }
  return {
    dataDirectory: options.inMemory ? undefined : dataDirectoryOf(options),
    awsListen,
    kubeListen,
    ...(webhookListen !== undefined && { webhookListen }),
    accountId: parseAccountId(options.account),
    region: parseRegion(options.region),
    readyFile: options.readyFile === undefined ? undefined : resolve(options.readyFile),
    oidcIssuers: options.oidcIssuers,
    ...(options.oidcIssuerAddress !== undefined && {
      oidcIssuerAddress: parseIssuerAddress(options.oidcIssuerAddress),
    }),
    awsAuth: options.awsAuth,
    ssoRoleMatch: options.ssoRoleMatch === true,
    constrainedImpersonation: options.constrainedImpersonation === true,
    admissionWebhookHosts: parseWebhookNames(options.admissionWebhookHost ?? [], '--admission-webhook-host'),
    ...(options.podIdentityAgentUri !== undefined && {
      podIdentityAgentUri: parseAgentUri(options.podIdentityAgentUri),
    }),
    ...(options.trailSize !== undefined && { trailBytes: parseTrailSize(options.trailSize) }),
    ...awsAccess(options),
    ...alertWebhook(options),
    ...guardrails(options),
    logLevel: options.logLevel,
    logFormat: options.logFormat,
  };
}

function webhookListenOf({ webhookListen, webhookName = [] }: ServeOptions): ServerConfig['webhookListen'] {
  if (webhookListen !== undefined) {
    return {
      ...parseListenAddress(webhookListen, '--webhook-listen'),
      names: parseWebhookNames(webhookName),
    };
  }
  if (webhookName.length === 0) return undefined;
  throw new CommandError('misuse', '--webhook-name names what --webhook-listen serves', 'give both');
}

function awsAccess(options: ServeOptions): Pick<ServerConfig, 'aws'> {
  const aws = parseAwsOptions(options, {
    region: parseRegion(options.region),
    partition,
    readFile: readText,
  });
  return aws === undefined ? {} : { aws };
}

function guardrails({
  serviceControlPolicy = [],
  resourceControlPolicy = [],
}: ServeOptions): Pick<ServerConfig, 'guardrails' | 'guardrailDocuments'> {
  const read = (name: string) => ({ name, text: readText(name) });
  const serviceControl = serviceControlPolicy.map(read);
  const resourceControl = resourceControlPolicy.map(read);
  const parsed = parseGuardrails({ serviceControl, resourceControl });
  if (parsed === undefined) return {};
  const levels = (files: typeof serviceControl) => files.map(({ text }) => [text]);
  const guardrailDocuments = {
    serviceControl: levels(serviceControl),
    resourceControl: levels(resourceControl),
  };
  return { guardrails: parsed, guardrailDocuments };
}

function alertWebhook({
  alertWebhook: url,
  alertSecretFile: file,
}: ServeOptions): Pick<ServerConfig, 'alertWebhook'> {
  if (url !== undefined) {
    return {
      alertWebhook: parseAlertWebhook(url, file === undefined ? undefined : readFileSync(file, 'utf8')),
    };
  }
  if (file === undefined) return {};
  throw new CommandError('misuse', '--alert-secret-file signs what --alert-webhook sends', 'give both');
}

function banner({ connection }: RunningServer): string {
  return [
    `AWS side         ${connection.awsEndpoint}  (account ${connection.accountId}, ${connection.region})`,
    `Kubernetes side  ${connection.kubernetesEndpoint}  (certificate authority ${connection.caFile})`,
    ...(connection.webhookEndpoint === undefined ? [] : [`webhooks         ${connection.webhookEndpoint}`]),
    `data             ${connection.dataDir}`,
    '',
    'Point the AWS CLI here:  eval "$(npx entryway env)"',
    '',
  ].join('\n');
}
