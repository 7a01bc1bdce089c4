import { isIP } from 'node:net';
import { type AwsAuthMode, awsAuthModes } from '../access/awsauthstate.ts';
import { type Webhook, webhookProblem } from '../audit/alerts/webhook.ts';
import type { SnapshotGuardrails } from '../engine/analysis/snapshot/snapshot.ts';
import type { Guardrails } from '../engine/iam/evaluate.ts';
import { agentUri, agentUriIpv6 } from '../engine/podcredentials/names.ts';
import { type OutboundIssuers, outboundIssuers } from '../services/sts/dependencies.ts';
import type { AwsConfig } from './aws/config.ts';

/** What `entryway serve` can be told. Everything is checked here, once; inside, the values are trusted. */

export interface ListenAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

export interface WebhookListen extends ListenAddress {
  /** Names and addresses under which clusters reach it, the first one in URLs; empty: the host itself. */
  readonly names: readonly string[];
}

export interface ServerConfig {
  /** Undefined with `inMemory`: then keys and certificates live in a temporary directory for the process's life. */
  readonly dataDirectory: string | undefined;
  readonly awsListen: ListenAddress;
  readonly kubeListen: ListenAddress;
  /** Where the API servers of connected clusters ask; absent: nowhere. */
  readonly webhookListen?: WebhookListen;
  /** The first account; 12 digits. */
  readonly accountId: string;
  readonly region: string;
  readonly readyFile: string | undefined;
  /** Identity providers that may be asked for their keys; without it, none: nothing leaves the machine. */
  readonly oidcIssuers?: OidcIssuers;
  /** Below which clusters made from now on have their issuers; see `parseIssuerAddress`. Absent: EKS's form. */
  readonly oidcIssuerAddress?: string;
  /** What AWS itself is asked, and names of its instances; absent: nothing and none. */
  readonly aws?: AwsConfig;
  /** How aws-auth is read; absent: `compatible`. */
  readonly awsAuth?: AwsAuthMode;
  /** Whether `sso` items of aws-auth count, as behind the authenticator's gate; absent: no. */
  readonly ssoRoleMatch?: boolean;
  /** Constrained impersonation in built-in clusters from 1.36 on; absent: no. */
  readonly constrainedImpersonation?: boolean;
  /** Hosts and addresses beside loopback that admission webhooks of built-in clusters may be called at; absent: none. */
  readonly admissionWebhookHosts?: readonly string[];
  /** Where pods of a Pod Identity association find the agent; absent: where they do on EKS. */
  readonly podIdentityAgentUri?: string;
  /** Bytes the trail may take in the store; the oldest records go first. Absent: 1 GiB, in memory 64 MiB. */
  readonly trailBytes?: number;
  /** Where alerts are sent; without it, nowhere. */
  readonly alertWebhook?: Webhook;
  /** What binds every account of the server, as an organization would; see `guardrails.ts`. Absent: nothing. */
  readonly guardrails?: Guardrails;
  /** The documents `guardrails` was made of, for snapshots. */
  readonly guardrailDocuments?: SnapshotGuardrails;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

export const oidcIssuers = outboundIssuers;
export type OidcIssuers = OutboundIssuers;

export { type AwsAuthMode, awsAuthModes };

export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];
export const logFormats = ['text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

export const defaultAwsListen: ListenAddress = { host: '127.0.0.1', port: 4700 };
export const defaultKubeListen: ListenAddress = { host: '127.0.0.1', port: 4743 };
export const defaultAccountId = '111122223333';
export const defaultRegion = 'us-east-1';

/** A server that keeps nothing: in memory, on free ports of the loopback, for as long as whoever started it wants. */
export function inMemoryConfig(
  options: Partial<Pick<ServerConfig, 'accountId' | 'region' | 'logLevel'>> = {},
): ServerConfig {
  const freePort: ListenAddress = { host: '127.0.0.1', port: 0 };
  return {
    dataDirectory: undefined,
    awsListen: freePort,
    kubeListen: freePort,
    accountId: defaultAccountId,
    region: defaultRegion,
    readyFile: undefined,
    logLevel: 'warn',
    logFormat: 'text',
    ...options,
  };
}

/** A value the operator gave that cannot be used; the command line prints it as misuse. */
export class ConfigError extends Error {
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'ConfigError';
    this.hint = hint;
  }
}

/** `HOST:PORT`, `[v6]:PORT` or `:PORT` (loopback). */
export function parseListenAddress(text: string, option: string): ListenAddress {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new ConfigError(`${option} \`${text}\` is not HOST:PORT`, `for example ${option} 127.0.0.1:4700`);
  }
  return { host: match[1] ?? (match[2] || '127.0.0.1'), port };
}

/** Names and addresses of `--webhook-name`: what a certificate can be made for. */
export function parseWebhookNames(names: readonly string[], option = '--webhook-name'): readonly string[] {
  for (const name of names) {
    const isHostName =
      name.length <= 253 &&
      /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/i.test(name);
    if (!isHostName && isIP(name) === 0) {
      throw new ConfigError(
        `${option} \`${name}\` is neither a host name nor an address`,
        `without scheme and port, for example ${option} entryway.example.com`,
      );
    }
  }
  return names;
}

/** With `/id/` and an id behind it an OIDC provider's URL must not be longer than 255 characters (iam-facts J19). */
const longestIssuerAddress = 255 - '/id/'.length - 32;

/**
 * Where others reach this server's issuer documents, without a slash at its end. Nothing that an OIDC provider of IAM or a
 * policy could not write (iam-facts J19): no port, no wildcards.
 */
export function parseIssuerAddress(text: string): string {
  const address = text.replace(/\/$/, '');
  const isPlain = /^https:\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)*(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/.test(
    address,
  );
  if (
    !isPlain ||
    address.length > longestIssuerAddress ||
    new URL(address).href.replace(/\/$/, '') !== address
  ) {
    throw new ConfigError(
      `--oidc-issuer-address \`${text}\` is not a plain https URL of at most ${longestIssuerAddress} characters`,
      'host in lower case and path alone, no port: for example --oidc-issuer-address https://issuer.example.com/entryway',
    );
  }
  return address;
}

/** Loopback addresses need no flag; everything else is reachable by others. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** SECURITY: credentials and tokens travel over these listeners; other machines reach them only when asked for. */
export function requireLoopback(address: ListenAddress, option: string): void {
  if (!isLoopback(address.host)) {
    throw new ConfigError(
      `${option} \`${address.host}\` is reachable from other machines`,
      'add --allow-remote when that is what you want; the AWS side is plain HTTP',
    );
  }
}

export function parseAccountId(text: string): string {
  if (!/^\d{12}$/.test(text)) throw new ConfigError(`account \`${text}\` is not 12 digits`);
  return text;
}

/**
 * A region of the commercial partition. Clients sign tokens for the region inside the cluster's ARN, and other
 * partitions have other STS hosts (token-facts 2.3, 4).
 */
export function parseRegion(text: string): string {
  if (!/^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/.test(text))
    throw new ConfigError(`region \`${text}\` is not a region name`);
  if (/^(?:cn|us-gov|us-iso[a-z]?|eu-isoe|eusc)-/.test(text)) {
    throw new ConfigError(
      `region \`${text}\` belongs to a partition other than \`aws\``,
      'choose a commercial region',
    );
  }
  return text;
}

/** SECURITY: a short secret could be guessed from one signed alert. */
const leastSecretBytes = 16;

/** `secret` is the text of a file; the white space around it does not count. */
export function parseAlertWebhook(text: string, secret: string | undefined): Webhook {
  if (!URL.canParse(text)) {
    throw new ConfigError(
      `--alert-webhook \`${text}\` is not a URL`,
      'for example https://hooks.example.com/entryway',
    );
  }
  const url = new URL(text);
  const problem = webhookProblem(url);
  if (problem !== undefined) {
    throw new ConfigError(
      `--alert-webhook ${problem}`,
      'give an https URL without credentials; plain http goes to this machine only',
    );
  }
  if (secret === undefined) return { url };
  const trimmed = secret.trim();
  if (Buffer.byteLength(trimmed) < leastSecretBytes) {
    throw new ConfigError(
      `the secret of --alert-webhook is shorter than ${leastSecretBytes} bytes`,
      'make one with `openssl rand -hex 32`',
    );
  }
  return { url, secret: trimmed };
}

/** What SDKs take for AWS_CONTAINER_CREDENTIALS_FULL_URI over plain http, beside loopback: the addresses of EKS's agent. */
const agentHosts: ReadonlySet<string> = new Set([agentUri, agentUriIpv6].map((uri) => new URL(uri).hostname));

/** Of `--pod-identity-agent-uri`: what pods are told is what SDKs accept, or they would have no credentials at all. */
export function parseAgentUri(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlainHost = (host: string): boolean =>
    agentHosts.has(host) || isLoopback(host.replace(/^\[|\]$/g, ''));
  const isFit =
    url !== undefined &&
    url.username === '' &&
    url.password === '' &&
    (url.protocol === 'https:' || (url.protocol === 'http:' && isPlainHost(url.hostname)));
  if (!isFit) {
    throw new ConfigError(
      `--pod-identity-agent-uri \`${text}\` is no address that AWS SDKs ask for credentials`,
      `http on loopback, for example http://127.0.0.1:4780/v1/credentials, or https; on EKS it is ${agentUri}`,
    );
  }
  return text;
}

/** Whole mebibytes, as bytes: at least what some minutes of a busy server take. */
export function parseTrailSize(text: string): number {
  const mebibytes = /^[0-9]{1,7}$/.test(text) ? Number(text) : 0;
  if (mebibytes < 16) {
    throw new ConfigError(
      `--trail-size \`${text}\` is not a number of mebibytes from 16`,
      'for example --trail-size 4096',
    );
  }
  return mebibytes * 2 ** 20;
}
