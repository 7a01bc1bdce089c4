import { isAccountId, parseArn } from './arn.ts';
import { isPartition } from './partitions.ts';

type CanonicalKind = 'user' | 'role' | 'root' | 'assumedRole' | 'federatedUser';

export interface CanonicalPrincipal {
  readonly kind: CanonicalKind;
  /** What mappings compare with (after lower-casing): a session's role without path, anything else unchanged. */
  readonly arn: string;
}

/**
 * The form of a caller's ARN that identity mappings are written with (token-facts 6). A session becomes its role: all
 * between `assumed-role/` and the last `/`. Undefined for whatever is no principal: groups, instance profiles, other
 * services, unknown partitions, fewer than six sections.
 */
export function canonicalPrincipalArn(text: string): CanonicalPrincipal | undefined {
  const arn = parseArn(text);
  if (arn === undefined || !isPartition(arn.partition) || !isAccountId(arn.accountId)) return undefined;
  if (arn.region !== '' || (arn.service !== 'iam' && arn.service !== 'sts')) return undefined;
  if (arn.resource === 'root') return arn.service === 'iam' ? { kind: 'root', arn: text } : undefined;

  const slash = arn.resource.indexOf('/');
  const type = slash === -1 ? arn.resource : arn.resource.slice(0, slash);
  const rest = slash === -1 ? '' : arn.resource.slice(slash + 1);
  // SECURITY: a principal without a name is nobody. The authenticator lets `role` alone pass; STS never reports it.
  if (rest === '' || rest.endsWith('/')) return undefined;
  switch (`${arn.service}:${type}`) {
    case 'iam:user':
      return { kind: 'user', arn: text };
    case 'iam:role':
      return { kind: 'role', arn: text };
    case 'sts:federated-user':
      return { kind: 'federatedUser', arn: text };
    case 'sts:assumed-role': {
      const last = rest.lastIndexOf('/');
      if (last <= 0) return undefined;
      return {
        kind: 'assumedRole',
        arn: `arn:${arn.partition}:iam::${arn.accountId}:role/${rest.slice(0, last)}`,
      };
    }
    default:
      return undefined;
  }
}

/**
 * A role's ARN as STS would show it, without the path: mappings written with the path are found under this form.
 * Users keep theirs, because STS reports it. Undefined for anything but an ARN.
 */
export function stripRolePath(text: string): string | undefined {
  const arn = parseArn(text);
  if (arn === undefined) return undefined;
  if (arn.service !== 'iam' || !arn.resource.startsWith('role/')) return text;
  const name = arn.resource.slice(arn.resource.lastIndexOf('/') + 1);
  return `arn:${arn.partition}:${arn.service}:${arn.region}:${arn.accountId}:role/${name}`;
}
