import { isAccountId, parseArn } from './arn.ts';
import { isPartition, type Partition } from './partitions.ts';

interface PrincipalArnBase {
  readonly partition: Partition;
  readonly accountId: string;
}

/** An ARN that names somebody who can call AWS, taken apart. `path` is `/` or `/…/`. */
export type PrincipalArn = PrincipalArnBase &
  (
    | { readonly kind: 'root' }
    | { readonly kind: 'user' | 'role'; readonly path: string; readonly name: string }
    | { readonly kind: 'assumedRole'; readonly name: string; readonly sessionName: string }
    | { readonly kind: 'federatedUser'; readonly name: string }
  );

/**
 * Users, roles, sessions, federated users and account roots (iam-facts B7, J2); undefined for every other ARN, so also
 * for groups, instance profiles, wildcards, and names or paths with characters IAM does not allow there.
 */
export function parsePrincipalArn(text: string): PrincipalArn | undefined {
  // The longest ARN any AWS API takes (iam-facts I1); beyond it nothing is looked at.
  if (text.length > 2048) return undefined;
  const arn = parseArn(text);
  if (arn === undefined || !isPartition(arn.partition) || arn.region !== '') return undefined;
  if (!isAccountId(arn.accountId)) return undefined;
  const base = { partition: arn.partition, accountId: arn.accountId };
  if (arn.service === 'iam') {
    if (arn.resource === 'root') return { ...base, kind: 'root' };
    const named = /^(user|role)(\/(?:[!-~]+\/)?)([\w+=,.@-]{1,128})$/.exec(arn.resource);
    if (named === null) return undefined;
    const [, kind, path = '/', name = ''] = named;
    if (hasWildcardOrVariable(path)) return undefined;
    return { ...base, kind: kind === 'user' ? 'user' : 'role', path, name };
  }
  if (arn.service === 'sts') {
    const session = /^assumed-role\/([\w+=,.@-]{1,64})\/([\w+=,.@-]{2,64})$/.exec(arn.resource);
    if (session !== null) {
      const [, name = '', sessionName = ''] = session;
      return { ...base, kind: 'assumedRole', name, sessionName };
    }
    const federated = /^federated-user\/([\w+=,.@-]{2,32})$/.exec(arn.resource);
    if (federated !== null) return { ...base, kind: 'federatedUser', name: federated[1] ?? '' };
  }
  return undefined;
}

/** A path may hold these characters in theory; in a principal they would read as a pattern (iam-facts A9). */
function hasWildcardOrVariable(path: string): boolean {
  return path.includes('*') || path.includes('?') || path.includes('${');
}
