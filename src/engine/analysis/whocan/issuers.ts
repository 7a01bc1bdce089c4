import type { SnapshotIdentityProvider } from '../snapshot/snapshot.ts';
import type { KubernetesSubject } from '../world/subject.ts';

/**
 * Names of the identity providers whose tokens could carry the user or group, by their prefixes (eks-access-facts K2). Without
 * a prefix a provider may give any name.
 */
export function issuersOf(
  providers: readonly SnapshotIdentityProvider[],
  { kind, namespace, name }: KubernetesSubject,
): readonly string[] {
  if (providers.length === 0) return [];
  const issued = kind === 'ServiceAccount' ? `system:serviceaccount:${namespace}:${name}` : name;
  return providers
    .filter((provider) => {
      const prefix = kind === 'Group' ? groupsPrefix(provider) : usernamePrefix(provider);
      return prefix !== undefined && issued.startsWith(prefix) && issued.length > prefix.length;
    })
    .map((provider) => provider.name);
}

/** Undefined: it tells no groups. */
function groupsPrefix({
  groupsClaim,
  groupsPrefix: prefix = '',
}: SnapshotIdentityProvider): string | undefined {
  return groupsClaim === undefined || groupsClaim === '' ? undefined : prefix;
}

/** `-` is no prefix; where none is given it is the issuer, unless the name is an e-mail address. */
function usernamePrefix({
  issuerUrl,
  usernameClaim,
  usernamePrefix: prefix,
}: SnapshotIdentityProvider): string {
  if (prefix === '-') return '';
  if (prefix !== undefined && prefix !== '') return prefix;
  return usernameClaim === 'email' ? '' : `${issuerUrl}#`;
}
