import { compileMatcher } from '../../engine/identity/matchers.ts';
import type { WebhookCredentialRecord } from '../../storage/records/connections.ts';
import type {
  AccessEntryRecord,
  ClusterRecord,
  IdentityProviderConfigRecord,
} from '../../storage/records/eks.ts';
import type { ServedAwsAuth } from './deps.ts';

/** One thing that was looked at. `code` is stable; texts hold no secret. */
export interface ClusterFinding {
  readonly severity: 'ok' | 'info' | 'warning' | 'error';
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

const day = 24 * 60 * 60 * 1000;
/** From then on something is to be replaced. */
const soon = 30 * day;
const minute = 60_000;
/** An API server remembers verdicts for some minutes; one that was asked longer ago may be asked by nobody. */
const recently = 10 * minute;

export function clusterFindings({
  kind,
  authenticationMode,
  breakGlass,
  apiAudiences,
  name,
}: ClusterRecord): readonly ClusterFinding[] {
  const what = kind === 'connected' ? 'connected: its API server asks the webhooks' : 'built in';
  return [
    finding('ok', 'cluster', `cluster \`${name}\` is ${what}; authentication mode ${authenticationMode}`),
    ...(authenticationMode === 'CONFIG_MAP'
      ? [finding('info', 'mode', 'access entries do not count in mode CONFIG_MAP')]
      : []),
    ...(apiAudiences === undefined
      ? []
      : [
          finding(
            'info',
            'apiAudiences',
            `tokens are for ${apiAudiences.map((audience) => `\`${audience}\``).join(', ')} alone: one of them must be the API server's`,
            '`--api-audiences` of the API server names its own; where it is not set, `--service-account-issuer` does',
          ),
        ]),
    breakGlass === undefined
      ? finding(
          'info',
          'breakGlass',
          'there is no break-glass principal',
          `\`entryway cluster break-glass set ${name} PRINCIPAL-ARN --reason …\` names who gets in whatever happens to the maps`,
        )
      : finding('ok', 'breakGlass', `the break-glass principal is ${breakGlass.principalArn}`),
  ];
}

/** What the API server of a connected cluster calls with. `lastUsedAt` is of this process. */
export function credentialFindings(
  clusterName: string,
  credentials: readonly WebhookCredentialRecord[],
  door: { lastUsedAt(serialNumber: string): number | undefined } | undefined,
  now: number,
): readonly ClusterFinding[] {
  const bundle = `make a bundle: \`entryway cluster bundle ${clusterName} --for … --out DIR\``;
  const live = credentials.filter(({ revokedAt, expiresAt }) => revokedAt === undefined && expiresAt > now);
  const ends = Math.max(0, ...live.map(({ expiresAt }) => expiresAt));
  const findings: ClusterFinding[] = [];
  if (door === undefined) {
    findings.push(
      finding(
        'error',
        'noWebhookListener',
        'this server listens for no webhooks',
        'start it with `entryway serve --webhook-listen HOST:PORT`',
      ),
    );
  }
  if (live.length === 0) {
    const message =
      credentials.length === 0
        ? 'no certificate was issued to its API server'
        : 'every certificate of its API server has ended or was revoked';
    return [...findings, finding('error', 'noCredential', message, bundle)];
  }
  const until = `its API server's certificate ends on ${dayOf(ends)}`;
  findings.push(
    ends - now < soon
      ? finding(
          'warning',
          'credentialEnds',
          until,
          `rotate it: \`entryway cluster credentials rotate ${clusterName} --out DIR\``,
        )
      : finding('ok', 'credentialEnds', until),
  );
  if (door === undefined) return findings;
  const lastUsedAt = Math.max(0, ...live.map(({ serialNumber }) => door.lastUsedAt(serialNumber) ?? 0));
  if (lastUsedAt === 0) {
    findings.push(
      finding(
        'warning',
        'neverCalled',
        'its API server has not called since this server started',
        'use a token on the cluster; when that changes nothing, its API server does not use the bundle',
      ),
    );
  } else {
    const isRecent = now - lastUsedAt <= recently;
    findings.push(
      finding(isRecent ? 'ok' : 'info', 'lastCall', `its API server called ${agoOf(lastUsedAt, now)}`),
    );
  }
  return findings;
}

export function awsAuthFindings(
  { authenticationMode, kind }: ClusterRecord,
  awsAuth: ServedAwsAuth | undefined,
  hasConnection: boolean,
): readonly ClusterFinding[] {
  if (authenticationMode === 'API') return [];
  if (kind === 'connected' && !hasConnection) {
    return [
      finding(
        'warning',
        'awsAuthUnknown',
        `mode ${authenticationMode} lets aws-auth map users, but this server does not see the cluster's`,
        'connect it: `entryway cluster manifest`, then `entryway cluster connect`',
      ),
    ];
  }
  if (awsAuth === undefined) return [];
  const told = awsAuth.keys.filter(({ status }) => status !== 'absent');
  if (told.length === 0) return [finding('info', 'awsAuth', 'there is no aws-auth, or nothing in it')];
  return told.map(({ key, status, errors }) => {
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    const first = errors[0] === undefined ? '' : `: ${errors[0]}${more}`;
    const hint = '`entryway aws-auth check FILE` tells the lines';
    switch (status) {
      case 'good':
        return finding('ok', 'awsAuth', `all of ${key} in aws-auth is served`);
      case 'keptLastGood':
        return finding(
          'error',
          'awsAuth',
          `${key} in aws-auth is broken, what was good last is served${first}`,
          hint,
        );
      case 'partlyDropped':
        return finding('error', 'awsAuth', `some of ${key} in aws-auth is not served${first}`, hint);
      default:
        return finding('error', 'awsAuth', `nothing of ${key} in aws-auth is served${first}`, hint);
    }
  });
}

/** `accounts` are those whose identities AWS's STS is asked about; undefined: it is not asked. */
export function entryFindings(
  { authenticationMode, accountId }: ClusterRecord,
  entries: readonly AccessEntryRecord[],
  accounts: readonly string[] | undefined,
  now: number,
): readonly ClusterFinding[] {
  const sts =
    accounts === undefined
      ? finding(
          'info',
          'sts',
          'tokens of keys that are not of this server are refused',
          'for identities of AWS: `entryway serve --sts aws --sts-accounts …`',
        )
      : finding(
          'ok',
          'sts',
          `AWS's STS is asked about identities of ${accountsFor(accountId, entries, accounts)}`,
        );
  if (authenticationMode === 'CONFIG_MAP') return [sts];
  const matchers = entries.filter(({ principalArn }) => compileMatcher(principalArn) !== undefined).length;
  const waiting = entries.filter(
    ({ pinnedBy, pinnedAt }) => pinnedBy === 'firstUse' && pinnedAt === undefined,
  );
  const isOver = ({ expiresAt }: { readonly expiresAt?: number }) =>
    expiresAt !== undefined && expiresAt <= now;
  const over = entries.flatMap(({ associatedPolicies }) => associatedPolicies).filter(isOver).length;
  return [
    sts,
    finding(
      'ok',
      'accessEntries',
      `${counted(entries.length, 'access entry', 'access entries')}, ${matchers} of them for several roles`,
    ),
    ...(waiting.length === 0
      ? []
      : [
          finding(
            accounts === undefined ? 'warning' : 'info',
            'entriesWait',
            `${counted(waiting.length, 'entry waits', 'entries wait')} for the first use of the principal`,
            accounts === undefined
              ? 'they wait for nothing while AWS’s STS is not asked: `entryway serve --sts aws`'
              : undefined,
          ),
        ]),
    ...(over === 0
      ? []
      : [
          finding(
            'info',
            'expiredAssociations',
            `${counted(over, 'association has', 'associations have')} expired and ${over === 1 ? 'grants' : 'grant'} nothing`,
          ),
        ]),
  ];
}

/** SECURITY: whose accounts else are served here is no business of a cluster's administrators. */
function accountsFor(
  own: string,
  entries: readonly AccessEntryRecord[],
  accounts: readonly string[],
): string {
  const known = new Set([own, ...entries.map(({ principalArn }) => principalArn.split(':')[4])]);
  const shown = accounts.filter((account) => known.has(account));
  const others = accounts.length - shown.length;
  if (others === 0) return shown.join(', ');
  const rest = counted(others, 'other account', 'other accounts');
  return shown.length === 0 ? rest : `${shown.join(', ')} and ${rest}`;
}

export function identityProviderFindings(
  config: Pick<IdentityProviderConfigRecord, 'name' | 'issuerUrl'> | undefined,
): readonly ClusterFinding[] {
  return config === undefined
    ? []
    : [
        finding(
          'ok',
          'identityProvider',
          `identity provider config \`${config.name}\` lets in tokens of ${config.issuerUrl}`,
        ),
      ];
}

export function finding(
  severity: ClusterFinding['severity'],
  code: string,
  message: string,
  hint?: string,
): ClusterFinding {
  return { severity, code, message, ...(hint !== undefined && { hint }) };
}

/** How the end of a credential is told: in time, soon, over. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

export function agoOf(time: number, now: number): string {
  const minutes = Math.max(0, Math.floor((now - time) / minute));
  if (minutes < 1) return 'within the last minute';
  if (minutes < 120) return `${counted(minutes, 'minute', 'minutes')} ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} hours ago` : `${Math.floor(hours / 24)} days ago`;
}

function counted(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}
