import { lowerAscii } from '../../arn/case.ts';
import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { compileWildcard } from '../../arn/wildcard.ts';
import { comparableArn } from '../../identity/entries.ts';
import { compileMatcher } from '../../identity/matchers.ts';
import { anyAccessKey } from '../world/callers.ts';
import type { SubjectIdentity } from '../world/cluster.ts';
import { anySession } from '../world/sessions.ts';
import type { ClusterSubject, IamSubject, KubernetesSubject } from '../world/subject.ts';
import type { AccessUse } from './use.ts';

/**
 * Tells which uses are a subject's. An IAM principal is known by its ARN, path and case aside, and, where both tell one, by
 * its unique id: who had the name before is somebody else. Where a log knows no principal, the name in the cluster counts,
 * also that of any session. `identities` are the users it is in the cluster of the log.
 */
export function usesOf(
  subject: ClusterSubject,
  identities: readonly SubjectIdentity[],
): (use: Pick<AccessUse, 'who'>) => boolean {
  if (subject.kind === 'Group') return ({ who }) => who.groups?.includes(subject.name) === true;
  if (subject.kind !== 'iam') {
    const name = subject.kind === 'User' ? subject.name : serviceAccountUser(subject);
    // A principal of IAM of the same name is somebody else than the bare name, but it is this user to the cluster.
    return ({ who }) => who.username === name;
  }
  const isOwnArn = ownArns(subject);
  const names = identities.map(({ user, sessionName }) =>
    (sessionName === anySession ? user.username.split(anySession) : [user.username]).flatMap((piece) =>
      piece.split(anyAccessKey),
    ),
  );
  return ({ who }) => {
    const { principalArn, principalId, username, impersonated } = who;
    // Access policies are off under impersonation, and whoever impersonates is somebody else (eks-access-facts C10).
    if (impersonated) return false;
    if (principalArn !== undefined) {
      if (!isOwnArn(roleOfSession(principalArn))) return false;
      return subject.principalId === '' || principalId === undefined || principalId === subject.principalId;
    }
    if (principalId !== undefined) return subject.principalId !== '' && principalId === subject.principalId;
    if (username === undefined) return false;
    const arn = roleOfSession(username);
    if (arn !== username) return isOwnArn(arn);
    return names.some((pieces) => fits(pieces, username));
  };
}

/** Which ARNs of users, roles and roots are the subject's; a pattern's are those it fits, an account's all of it. */
function ownArns(subject: IamSubject): (arn: string) => boolean {
  const own = comparableArn(subject.arn);
  switch (subject.type) {
    case 'account':
      return (arn) => parsePrincipalArn(arn)?.accountId === subject.accountId;
    case 'rolePattern': {
      const matches = compileMatcher(subject.arn)?.matches ?? compileWildcard(lowerAscii(subject.arn));
      return (arn) => arn === subject.arn || matches(comparableArn(arn) ?? '');
    }
    case 'user':
    case 'role':
    case 'root':
    case 'federatedUser':
      return (arn) => own !== undefined && comparableArn(arn) === own;
    default:
      return subject.type satisfies never;
  }
}

/** Somebody whose uses are the subject's, whatever the subject is. */
export function whoIs(subject: ClusterSubject): AccessUse['who'] {
  switch (subject.kind) {
    case 'iam':
      return { principalArn: subject.arn };
    case 'User':
      return { username: subject.name };
    case 'Group':
      return { groups: [subject.name] };
    case 'ServiceAccount':
      return { username: serviceAccountUser(subject) };
    default:
      return subject satisfies never;
  }
}

function serviceAccountUser({ namespace, name }: Pick<KubernetesSubject, 'namespace' | 'name'>): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** `arn:…:sts::…:assumed-role/NAME/SESSION` → the role's ARN; anything else is itself. */
export function roleOfSession(arn: string): string {
  const named = parsePrincipalArn(arn);
  if (named?.kind !== 'assumedRole') return arn;
  return `arn:${named.partition}:iam::${named.accountId}:role/${named.name}`;
}

/** Whether the name is a template's, whatever stands for the session. A template of nothing else would fit everybody. */
function fits(pieces: readonly string[], name: string): boolean {
  const [start = '', ...rest] = pieces;
  if (rest.length === 0) return name === start;
  const end = rest[rest.length - 1] ?? '';
  if (start === '' && end === '') return false;
  return (
    name.length > start.length + end.length &&
    name.startsWith(start) &&
    lowerAscii(name).endsWith(lowerAscii(end))
  );
}
