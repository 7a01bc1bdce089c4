import { dnsLabelFindings, dnsSubdomainFindings } from '../../wire/kube/names.ts';
import type { HeaderLines } from './headers.ts';

/** Whom the Impersonate-* headers name, just as they name them: nothing filled in, nothing checked. */
export interface WantedUser {
  readonly username: string;
  /** '' for none. */
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: ReadonlyMap<string, readonly string[]>;
}

export type AskedImpersonation =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly message: string }
  | { readonly kind: 'asked'; readonly wanted: WantedUser };

const extraPrefix = 'impersonate-extra-';
const serviceAccountPrefix = 'system:serviceaccount:';
const nodePrefix = 'system:node:';

/**
 * Reads the Impersonate-* headers (kubernetes-facts A14, A18). `constrained` chooses between the words of the two
 * filters Kubernetes has (A17).
 *
 * COMPAT: Kubernetes takes the first of several users or uids, goes on as the real user when the user is empty, and does
 * not look at Impersonate-* headers it does not know. Here all three are refused: whoever sends them means somebody
 * else to be asked about, and the real user is the more powerful one.
 */
export function readImpersonation(
  lines: HeaderLines,
  options: { readonly constrained: boolean },
): AskedImpersonation {
  const ours: [string, string][] = [];
  for (const [name, raw] of lines) {
    if (!name.startsWith('impersonate-')) continue;
    const value = utf8(raw);
    if (value === undefined) return malformed(`the value of header \`${name}\` is not UTF-8`);
    ours.push([name, value]);
  }
  if (ours.length === 0) return { kind: 'none' };
  const unknown = ours.find(([name]) => !isKnown(name));
  if (unknown) return malformed(`unknown impersonation header \`${unknown[0]}\``);
  const valuesOf = (name: string): readonly string[] =>
    ours.filter(([key]) => key === name).map(([, value]) => value);
  const names = valuesOf('impersonate-user');
  const groups = valuesOf('impersonate-group');
  const uids = valuesOf('impersonate-uid');
  if (names.length > 1 || uids.length > 1) return malformed('more than one user or uid to impersonate');
  const extra = new Map<string, string[]>();
  for (const [name, value] of ours) {
    if (!name.startsWith(extraPrefix)) continue;
    const key = decodeKey(name.slice(extraPrefix.length));
    const values = extra.get(key);
    if (values) values.push(value);
    else extra.set(key, [value]);
  }
  const wanted = { username: names[0] ?? '', uid: uids[0] ?? '', groups, extra };
  if (wanted.username !== '') return { kind: 'asked', wanted };
  return malformed(
    options.constrained
      ? `requested ${goUser(wanted)} without impersonating a user name`
      : `requested [${goReferences(wanted).join(' ')}] without impersonating a user`,
  );
}

function isKnown(name: string): boolean {
  return (
    name === 'impersonate-user' ||
    name === 'impersonate-group' ||
    name === 'impersonate-uid' ||
    (name.startsWith(extraPrefix) && name !== extraPrefix)
  );
}

/** Node reads header bytes as Latin-1; Go, and so every Kubernetes client, means UTF-8 by them. */
function utf8(raw: string): string | undefined {
  if (/^[\x20-\x7e]*$/.test(raw)) return raw;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(raw, 'latin1'));
  } catch {
    return undefined;
  }
}

/**
 * The header's name is lower-cased first and decoded then, so that `%41` is an `A`; a key that is not well
 * percent-encoded stands for itself, as in Kubernetes.
 */
function decodeKey(raw: string): string {
  const lower = raw.toLowerCase();
  try {
    return decodeURIComponent(lower);
  } catch {
    return lower;
  }
}

/** The object references upstream's older filter makes of the headers, as Go prints them. */
function goReferences({ groups, extra, uid }: WantedUser): readonly string[] {
  const version = 'authentication.k8s.io/v1';
  return [
    ...groups.map((group) => `{Group  ${group}    }`),
    ...[...extra].flatMap(([key, values]) =>
      values.map((value) => `{UserExtra  ${value}  ${version}  ${key}}`),
    ),
    ...(uid === '' ? [] : [`{UID  ${uid}  ${version}  }`]),
  ];
}

function goUser({ uid, groups, extra }: WantedUser): string {
  const strings = (texts: readonly string[]): string =>
    texts.length === 0
      ? '[]string(nil)'
      : `[]string{${texts.map((text) => JSON.stringify(text)).join(', ')}}`;
  const pairs = [...extra]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, values]) => `${JSON.stringify(key)}:${strings(values)}`);
  const map = `map[string][]string${pairs.length === 0 ? '(nil)' : `{${pairs.join(', ')}}`}`;
  return `&user.DefaultInfo{Name:"", UID:${JSON.stringify(uid)}, Groups:${strings(groups)}, Extra:${map}}`;
}

const malformed = (message: string): AskedImpersonation => ({ kind: 'malformed', message });

/**
 * The service account a username stands for. One whose parts could be no names is a user like any other: it is asked for
 * as a user, too (kubernetes-facts A15).
 */
export function serviceAccountOf(
  username: string,
): { readonly namespace: string; readonly name: string } | undefined {
  if (!username.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace = '', name = '', ...rest] = username.slice(serviceAccountPrefix.length).split(':');
  const isValid =
    rest.length === 0 && dnsLabelFindings(namespace).length === 0 && dnsSubdomainFindings(name).length === 0;
  return isValid ? { namespace, name } : undefined;
}

/** The node a username stands for. */
export function nodeOf(username: string): string | undefined {
  if (!username.startsWith(nodePrefix)) return undefined;
  const name = username.slice(nodePrefix.length);
  return dnsSubdomainFindings(name).length === 0 ? name : undefined;
}
