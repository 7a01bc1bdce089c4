import { canonicalPrincipalArn } from '../arn/canonical.ts';
import { lowerAscii } from '../arn/case.ts';
import { parsePrincipalArn } from '../arn/principalarn.ts';
import { uniqueIdKind } from '../arn/uniqueid.ts';
import { type AuthenticatedPrincipal, principalIdExtraKey, type UserInfo } from '../authorizer/attributes.ts';
import type { Principal } from '../iam/principal.ts';
import { canonicalArnOf } from './userinfo.ts';

type Issuer = NonNullable<AuthenticatedPrincipal['issuer']>;

/** Who a block names, in the form in which it is compared. */
export interface BlockTarget {
  readonly kind: 'principalArn' | 'principalId' | 'session' | 'accessKey';
  readonly target: string;
}

/**
 * What an operator may name, as it is compared: the ARN of a user, role, root or session, a unique id of a user or role
 * (`AIDA…`, `AROA…`), `AROA…:SESSION`, an access key id. Undefined for everything else, so also for an account's id, which
 * reads as if it meant everybody of the account.
 *
 * COMPAT: errs on the side of blocking. Names are unique in an account whatever their path and case, so an ARN is compared
 * without its path and in lower case, as STS reports a role; so are names of sessions, which their callers choose.
 */
export function parseBlockTarget(text: string): BlockTarget | undefined {
  const named = parsePrincipalArn(text);
  switch (named?.kind) {
    case 'assumedRole':
    case 'federatedUser':
      return { kind: 'session', target: lowerAscii(text) };
    case 'role':
    case 'user':
    case 'root':
      return { kind: 'principalArn', target: comparable(text) };
    case undefined:
      break;
    default:
      return named satisfies never;
  }
  const [, roleId, sessionName] = /^(AROA[A-Z0-9]+):([\w+=,.@-]{2,64})$/.exec(text) ?? [];
  if (roleId !== undefined && sessionName !== undefined) {
    return uniqueIdKind(roleId) === 'role'
      ? { kind: 'session', target: sessionById(roleId, sessionName) }
      : undefined;
  }
  switch (uniqueIdKind(text)) {
    case 'user':
    case 'role':
      return { kind: 'principalId', target: text };
    case 'accessKey':
    case 'sessionKey':
      return { kind: 'accessKey', target: text };
    default:
      return undefined;
  }
}

/** Every target that shuts the caller out. A federated user is shut out with the user who issued it. */
export function blockTargetsOf(principal: Principal): readonly BlockTarget[] {
  const { arn, principalArn, principalId, accessKeyId } = principal;
  const targets: BlockTarget[] = [
    { kind: 'accessKey', target: accessKeyId },
    { kind: 'principalId', target: principalId },
    { kind: 'principalArn', target: comparable(principalArn) },
  ];
  switch (principal.kind) {
    case 'root':
    case 'user':
      return targets;
    case 'assumedRole':
      return [
        ...targets,
        // Where AWS vouches, the ARN with the path may be another spelling of the same role.
        { kind: 'principalArn', target: comparable(canonicalArnOf(principal)) },
        { kind: 'session', target: lowerAscii(arn) },
        { kind: 'session', target: sessionById(principalId, principal.sessionName) },
      ];
    case 'federatedUser':
      return [...targets, { kind: 'session', target: lowerAscii(arn) }, ...issuerTargets(principal.issuer)];
    default:
      return principal satisfies never;
  }
}

function issuerTargets({ arn, principalId }: Issuer): readonly BlockTarget[] {
  return [
    { kind: 'principalArn', target: comparable(arn) },
    { kind: 'principalId', target: principalId },
  ];
}

/**
 * The same for a user of a cluster, by what authentication put into `extra` (eks-access-facts H6). Each key counts with all
 * its values. Who issued a federated user is known of requests, and not of reviews.
 */
export function blockTargetsOfUser({
  extra,
  principal,
}: Pick<UserInfo, 'extra' | 'principal'>): readonly BlockTarget[] {
  const valuesOf = (key: string): readonly string[] => (Object.hasOwn(extra, key) ? (extra[key] ?? []) : []);
  const principalIds = [...valuesOf('principalId'), ...valuesOf(principalIdExtraKey)];
  return [
    ...valuesOf('accessKeyId').map((target) => ({ kind: 'accessKey', target }) as const),
    ...principalIds.map((target) => ({ kind: 'principalId', target }) as const),
    ...principalIds.flatMap((id) =>
      valuesOf('sessionName').map((name) => ({ kind: 'session', target: sessionById(id, name) }) as const),
    ),
    ...valuesOf('canonicalArn').map((arn) => ({ kind: 'principalArn', target: comparable(arn) }) as const),
    ...valuesOf('arn').flatMap((arn) => [
      { kind: 'session', target: lowerAscii(arn) } as const,
      { kind: 'principalArn', target: comparable(canonicalPrincipalArn(arn)?.arn ?? arn) } as const,
    ]),
    ...(principal?.issuer === undefined ? [] : issuerTargets(principal.issuer)),
  ];
}

/** Whether the target is the root of that account. */
export function isRootTarget({ kind, target }: BlockTarget, accountId: string): boolean {
  return kind === 'principalArn' && target.endsWith(`:iam::${accountId}:root`);
}

/** Without the path of a role or user, in lower case. */
function comparable(arn: string): string {
  const slash = arn.indexOf('/');
  const type = slash === -1 ? '' : arn.slice(arn.lastIndexOf(':', slash) + 1, slash);
  const hasPath = type === 'role' || type === 'user';
  return lowerAscii(hasPath ? arn.slice(0, slash) + arn.slice(arn.lastIndexOf('/')) : arn);
}

function sessionById(principalId: string, sessionName: string): string {
  return `${principalId}:${lowerAscii(sessionName)}`;
}
