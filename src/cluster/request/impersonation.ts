import type { ResourceAttributes, UserInfo } from '../../engine/authorizer/attributes.ts';
import type { HeaderLines } from './headers.ts';

/** What the Impersonate-* headers ask for. */
export type Impersonation =
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly message: string }
  | {
      readonly kind: 'asked';
      /** One check of the real user for each impersonated value, in Kubernetes' order (kubernetes-facts A15). */
      readonly checks: readonly ResourceAttributes[];
      /** Who the request is made as once every check has passed. */
      readonly user: UserInfo;
    };

const extraPrefix = 'impersonate-extra-';
const serviceAccountPrefix = 'system:serviceaccount:';

/**
 * Reads the Impersonate-* headers (kubernetes-facts A14 to A16, A18).
 *
 * SECURITY: the impersonated user is built from the headers alone. Nothing of the real user is carried over, least of
 * all its `principal`, so access policies are off under impersonation (eks-access-facts C10), whatever extra keys the
 * headers spell.
 */
export function readImpersonation(lines: HeaderLines, realUser: UserInfo): Impersonation {
  const names = valuesOf(lines, 'impersonate-user');
  const groups = valuesOf(lines, 'impersonate-group');
  const uids = valuesOf(lines, 'impersonate-uid');
  const extra = new Map<string, string[]>();
  for (const [name, value] of lines) {
    if (!name.startsWith(extraPrefix)) continue;
    const key = decodeKey(name.slice(extraPrefix.length));
    const values = extra.get(key);
    if (values) values.push(value);
    else extra.set(key, [value]);
  }
  const isUnknown = lines.find(([name]) => name.startsWith('impersonate-') && !isKnown(name));
  if (isUnknown) return malformed(`unknown impersonation header \`${isUnknown[0]}\``);
  if (names.length > 1 || uids.length > 1) return malformed('more than one user or uid to impersonate');
  const [username = ''] = names;
  const [uid = ''] = uids;
  if (username === '') {
    if (groups.length === 0 && uids.length === 0 && extra.size === 0 && names.length === 0) {
      return { kind: 'none' };
    }
    const asked = [
      ...groups.map((group) => `group ${group}`),
      ...(uid === '' ? [] : [`uid ${uid}`]),
      ...[...extra.keys()].map((key) => `extra ${key}`),
    ];
    return malformed(`requested [${asked.join(' ')}] without impersonating a user`);
  }

  const account = parseServiceAccount(username);
  const check = (attributes: Partial<ResourceAttributes>): ResourceAttributes => ({
    kind: 'resource',
    user: realUser,
    verb: 'impersonate',
    apiGroup: '',
    apiVersion: 'v1',
    resource: '',
    subresource: '',
    namespace: '',
    name: '',
    ...attributes,
  });
  const authentication = { apiGroup: 'authentication.k8s.io', apiVersion: 'v1' };
  return {
    kind: 'asked',
    checks: [
      account
        ? check({ resource: 'serviceaccounts', namespace: account.namespace, name: account.name })
        : check({ resource: 'users', name: username }),
      ...groups.map((group) => check({ resource: 'groups', name: group })),
      ...(uid === '' ? [] : [check({ ...authentication, resource: 'uids', name: uid })]),
      ...[...extra].flatMap(([key, values]) =>
        values.map((value) =>
          check({ ...authentication, resource: 'userextras', subresource: key, name: value }),
        ),
      ),
    ],
    user: {
      username,
      uid,
      groups: impersonatedGroups(username, groups, account),
      extra: Object.fromEntries(extra),
      impersonated: true,
    },
  };
}

function impersonatedGroups(
  username: string,
  asked: readonly string[],
  account: { readonly namespace: string } | undefined,
): readonly string[] {
  const groups =
    asked.length === 0 && account
      ? ['system:serviceaccounts', `system:serviceaccounts:${account.namespace}`]
      : [...asked];
  if (groups.includes('system:authenticated') || groups.includes('system:unauthenticated')) return groups;
  return [...groups, username === 'system:anonymous' ? 'system:unauthenticated' : 'system:authenticated'];
}

function parseServiceAccount(username: string): { namespace: string; name: string } | undefined {
  if (!username.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace = '', name = '', ...rest] = username.slice(serviceAccountPrefix.length).split(':');
  return namespace === '' || name === '' || rest.length > 0 ? undefined : { namespace, name };
}

const valuesOf = (lines: HeaderLines, name: string): readonly string[] =>
  lines.filter(([key]) => key === name).map(([, value]) => value);

function isKnown(name: string): boolean {
  return (
    name === 'impersonate-user' ||
    name === 'impersonate-group' ||
    name === 'impersonate-uid' ||
    name.startsWith(extraPrefix)
  );
}

/** A key that is not well percent-encoded stands for itself, as in Kubernetes. */
function decodeKey(raw: string): string {
  try {
    return decodeURIComponent(raw).toLowerCase();
  } catch {
    return raw;
  }
}

const malformed = (message: string): Impersonation => ({ kind: 'malformed', message });
