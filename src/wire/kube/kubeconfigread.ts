import { parseDocument } from 'yaml';
import { isObject, type JsonObject, own } from './json.ts';

/** Bytes that a kubeconfig holds or names: base64 in place, or a file relative to the kubeconfig. */
export type KubeconfigData = { readonly data: string } | { readonly file: string };

/** What a kubeconfig says about one cluster and one user, as far as a server may use it by itself. */
export interface KubeconfigConnection {
  readonly context: string;
  readonly server: string;
  readonly certificateAuthority: KubeconfigData;
  readonly tlsServerName?: string;
  readonly credential:
    | { readonly kind: 'token'; readonly token: string }
    /** A file with the bare token. */
    | { readonly kind: 'tokenFile'; readonly file: string }
    | { readonly kind: 'certificate'; readonly certificate: KubeconfigData; readonly key: KubeconfigData };
}

/** A kubeconfig that cannot be used; `hint` says what to do. Neither quotes a credential. */
export class KubeconfigError extends Error {
  readonly hint: string | undefined;
  constructor(message: string, hint?: string) {
    super(message);
    this.name = 'KubeconfigError';
    this.hint = hint;
  }
}

/** A kubeconfig is small; a file of another kind may not be. */
const longestKubeconfig = 4 * 1024 * 1024;

/**
 * Reads the text of a kubeconfig; `context` is the current one unless named. Throws `KubeconfigError`.
 *
 * SECURITY: what a person at a terminal may do a server must not: run a plugin, skip the check of a certificate, trust every
 * authority of the system, go through a proxy that the file names. All of these are refused, not left out.
 */
export function readKubeconfig(text: string, context?: string): KubeconfigConnection {
  const config = parseConfig(text);
  const chosen = context ?? own(config, 'current-context');
  if (typeof chosen !== 'string' || chosen === '') {
    throw new KubeconfigError('the kubeconfig has no current context', 'name one with --context');
  }
  const inContext = named(config, 'contexts', 'context', chosen);
  const cluster = named(config, 'clusters', 'cluster', nameIn(inContext, 'cluster', chosen));
  const user = named(config, 'users', 'user', nameIn(inContext, 'user', chosen));

  const server = own(cluster, 'server');
  if (typeof server !== 'string' || server === '') {
    throw new KubeconfigError('the cluster of the kubeconfig has no server');
  }
  if (isGiven(cluster, 'insecure-skip-tls-verify') && own(cluster, 'insecure-skip-tls-verify') !== false) {
    throw new KubeconfigError(
      'the kubeconfig has insecure-skip-tls-verify: nobody would know who answers',
      'write the certificate authority of the cluster into the kubeconfig instead',
    );
  }
  if (isGiven(cluster, 'proxy-url')) {
    throw new KubeconfigError(
      'the kubeconfig has a proxy-url, and the server uses no proxy',
      'let the server reach the API itself',
    );
  }
  const certificateAuthority = dataOf(cluster, 'certificate-authority');
  if (certificateAuthority === undefined) {
    throw new KubeconfigError(
      'the kubeconfig has no certificate authority',
      'add certificate-authority-data: authorities of the system are not trusted for a cluster',
    );
  }
  const tlsServerName = own(cluster, 'tls-server-name') ?? '';
  if (typeof tlsServerName !== 'string') {
    throw new KubeconfigError('the tls-server-name of the kubeconfig is no text');
  }
  return {
    context: chosen,
    server,
    certificateAuthority,
    ...(tlsServerName !== '' && { tlsServerName }),
    credential: credentialOf(user),
  };
}

const serviceAccountHint =
  'use the token of a service account: `entryway cluster manifest` prints what makes one, and how';

function credentialOf(user: JsonObject): KubeconfigConnection['credential'] {
  const refused: readonly (readonly [member: string, what: string])[] = [
    ['exec', 'an exec plugin, which the server would have to run'],
    ['auth-provider', 'an auth provider, which the server would have to run'],
    ['username', 'a user name and password, which no current API server takes'],
    ['password', 'a user name and password, which no current API server takes'],
    ['as', 'an impersonation'],
    ['as-uid', 'an impersonation'],
    ['as-groups', 'an impersonation'],
    ['as-user-extra', 'an impersonation'],
  ];
  const found = refused.find(([member]) => isGiven(user, member));
  if (found !== undefined) {
    throw new KubeconfigError(`the user of the kubeconfig has ${found[1]}`, serviceAccountHint);
  }
  const certificate = dataOf(user, 'client-certificate');
  const key = dataOf(user, 'client-key');
  const token = own(user, 'token');
  const tokenFile = own(user, 'tokenFile');
  // A file is read first, as kubectl does: the token beside it is what was read last.
  const byToken = isGiven(user, 'tokenFile') || isGiven(user, 'token');
  if (byToken && (certificate !== undefined || key !== undefined)) {
    throw new KubeconfigError(
      'the user of the kubeconfig has a token and a certificate',
      'leave one of them',
    );
  }
  if (typeof tokenFile === 'string' && tokenFile !== '') return { kind: 'tokenFile', file: tokenFile };
  if (typeof token === 'string' && token !== '') return { kind: 'token', token };
  if (certificate !== undefined && key !== undefined) return { kind: 'certificate', certificate, key };
  throw new KubeconfigError('the user of the kubeconfig has no credential', serviceAccountHint);
}

function parseConfig(text: string): JsonObject {
  if (text.length > longestKubeconfig) throw new KubeconfigError('the file is too large for a kubeconfig');
  let config: unknown;
  try {
    // Not `silent`: then a second document would be passed over.
    const document = parseDocument(text, { logLevel: 'error' });
    // The parser's words quote the line, which may be that of a key.
    if (document.errors.length > 0) throw new Error('broken');
    config = document.toJS({ maxAliasCount: 0 });
  } catch {
    throw new KubeconfigError('the file is no YAML that can be read');
  }
  if (!isObject(config) || config.kind !== 'Config') {
    throw new KubeconfigError(
      'the file is no kubeconfig',
      '`kubectl config view --raw --flatten` prints one',
    );
  }
  return config;
}

/** The entry of a list by its name; two of the same name are refused, as by kubectl. */
function named(config: JsonObject, list: string, member: string, name: string): JsonObject {
  const entries = own(config, list);
  const [entry, ...more] = Array.isArray(entries) ? entries.filter((one) => own(one, 'name') === name) : [];
  if (more.length > 0) {
    throw new KubeconfigError(
      `the kubeconfig has more than one ${member} \`${name}\``,
      'leave the one that is meant',
    );
  }
  const value = own(entry, member);
  if (isObject(value)) return value;
  throw new KubeconfigError(`the kubeconfig has no ${member} \`${name}\``);
}

function nameIn(context: JsonObject, member: 'cluster' | 'user', name: string): string {
  const value = own(context, member);
  if (typeof value === 'string' && value !== '') return value;
  throw new KubeconfigError(`the context \`${name}\` names no ${member}`);
}

/** Data in place comes before a file, as for kubectl. */
function dataOf(source: JsonObject, member: string): KubeconfigData | undefined {
  const data = own(source, `${member}-data`);
  if (typeof data === 'string' && data !== '') return { data };
  const file = own(source, member);
  return typeof file === 'string' && file !== '' ? { file } : undefined;
}

function isGiven(source: JsonObject, member: string): boolean {
  const value = own(source, member);
  return value !== undefined && value !== null && value !== '';
}
