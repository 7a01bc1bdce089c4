import { lowerAscii } from '../../arn/case.ts';
import { type PrincipalArn, parsePrincipalArn } from '../../arn/principalarn.ts';
import { comparableArn } from '../../identity/entries.ts';
import { nearest } from '../policylint/patterns.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import {
  type ClusterSubject,
  type IamSubject,
  type KubernetesSubject,
  subjectKey,
} from '../world/subject.ts';
import { Misasked } from './misasked.ts';

const forms =
  'write an ARN, role/NAME, user/NAME, User:NAME, Group:NAME, ServiceAccount:NAMESPACE/NAME or system:serviceaccount:NAMESPACE:NAME';

/**
 * Whom a person means: an ARN (also of a session: then its role), `role/NAME` or `user/NAME` with or without a path,
 * `User:NAME`, `Group:NAME`, `ServiceAccount:NAMESPACE/NAME`, `system:serviceaccount:NAMESPACE:NAME`. What `subjectKey` prints is
 * understood as well.
 *
 * Kubernetes keeps no list of users and groups, so any name of one is somebody. A role, user or service account that a list
 * was read of and that is not in it is a misuse, with the name that was probably meant; an ARN of somebody who does not exist
 * is a subject of standing `missing`, because entries and aws-auth name such.
 */
export function parseSubject(text: string, world: ClusterWorld): ClusterSubject {
  const written = text.replace(/^iam:/, '');
  const pattern = world.subjects().find((subject) => subject.kind === 'iam' && subjectKey(subject) === text);
  if (pattern !== undefined) return pattern;
  if (written.startsWith('arn:')) return subjectOfArn(written, world);
  const short = /^(role|user)\/(.+)$/.exec(written);
  if (short !== null) return subjectOfName(written, world);
  const [, kind, name = ''] = /^(User|Group|ServiceAccount):(.+)$/s.exec(text) ?? [];
  if (kind === 'Group') return { kind, namespace: '', name };
  const account =
    kind === 'ServiceAccount'
      ? /^([^/:]+)[/:]([^/:]+)$/.exec(name)
      : /^system:serviceaccount:([^:]+):([^:]+)$/.exec(kind === 'User' ? name : text);
  if (account !== null) return serviceAccount(account[1] ?? '', account[2] ?? '', world);
  if (kind === 'User') return { kind, namespace: '', name };
  throw new Misasked(`\`${text}\` does not say who it is`, meant(text, world) ?? forms);
}

const iamSubjects = (world: ClusterWorld): readonly IamSubject[] =>
  world.subjects().filter((subject) => subject.kind === 'iam');

function subjectOfArn(text: string, world: ClusterWorld): IamSubject {
  const known = iamSubjects(world);
  const exact =
    known.find(({ arn, type }) => arn === text && type !== 'account') ??
    known.find(({ arn }) => arn === text);
  if (exact !== undefined) return exact;
  const named = parsePrincipalArn(text);
  if (named === undefined || named.kind === 'federatedUser') {
    throw new Misasked(
      `\`${text}\` is no ARN of a user, role or session`,
      nearestArn(text, world) ?? 'write it as arn:aws:iam::111122223333:role/NAME',
    );
  }
  const arn = principalArn(named, text);
  // A role's name is its own in its account, whatever its path and case (eks-access-facts B17, G10).
  const same = comparableArn(arn);
  const found = known.find(
    (subject) =>
      (subject.type === 'role' || subject.type === 'user') &&
      comparableArn(nameOnly(subject.arn)) === nameOnly(same ?? arn),
  );
  if (found !== undefined) return found;
  const { accountId } = named;
  const wasRead = world.isRead(accountId);
  return {
    ...{ kind: 'iam', arn, accountId, principalId: named.kind === 'root' ? accountId : '' },
    type: named.kind === 'assumedRole' ? 'role' : named.kind,
    standing: wasRead && named.kind !== 'root' ? 'missing' : wasRead ? 'exists' : 'unlisted',
  };
}

function principalArn(named: PrincipalArn, text: string): string {
  return named.kind === 'assumedRole'
    ? `arn:${named.partition}:iam::${named.accountId}:role/${named.name}`
    : text;
}

/** Without the path, in lower case: names are compared so. */
function nameOnly(arn: string): string {
  return lowerAscii(arn.replace(/:(role|user)\/.*\//, ':$1/'));
}

function subjectOfName(text: string, world: ClusterWorld): IamSubject {
  const kind = text.slice(0, 4);
  const known = iamSubjects(world).filter(({ type }) => type === kind);
  const path = (arn: string): string => arn.slice(arn.indexOf(`:${kind}/`) + 1);
  const exact = known.filter(({ arn }) => path(arn) === text);
  const wanted = nameOnly(`:${text}`);
  const found = exact.length > 0 ? exact : known.filter(({ arn }) => nameOnly(`:${path(arn)}`) === wanted);
  const existing = found.filter(({ standing }) => standing === 'exists');
  const [subject, ...others] = existing.length > 0 ? existing : found;
  if (subject !== undefined && others.length === 0) return subject;
  if (subject !== undefined) {
    const arns = [subject, ...others].map(({ arn }) => `\`${arn}\``).join(', ');
    throw new Misasked(`\`${text}\` could be several`, `write the ARN: ${arns}`);
  }
  throw new Misasked(
    `there is no ${kind} \`${text.slice(5)}\` in what was read`,
    nearestOf(
      `${kind}/${text.slice(text.lastIndexOf('/') + 1)}`,
      known.map(({ arn }) => `${kind}/${arn.slice(arn.lastIndexOf('/') + 1)}`),
    ) ??
      (known.length === 0
        ? `no ${kind} was read; write its whole ARN`
        : `write its whole ARN if it is in an account that was not read`),
  );
}

function serviceAccount(namespace: string, name: string, world: ClusterWorld): KubernetesSubject {
  const subject = { kind: 'ServiceAccount', namespace, name } as const;
  // A list that was not read, or not wholly, lacks nobody.
  if (world.serviceAccounts === undefined) return subject;
  const known = world.subjects().filter(({ kind }) => kind === 'ServiceAccount');
  const key = subjectKey(subject);
  if (known.some((one) => subjectKey(one) === key)) return subject;
  throw new Misasked(
    `there is no service account \`${name}\` in namespace \`${namespace}\``,
    nearestOf(key, known.map(subjectKey)) ??
      `list them with: kubectl -n ${/^[a-z0-9.-]+$/.test(namespace) ? namespace : 'NAMESPACE'} get serviceaccounts`,
  );
}

/** For a user or group that no binding names: who may have been meant. Undefined for whoever is named. */
export function unboundHint(subject: ClusterSubject, { bound }: ClusterWorld): string | undefined {
  if (subject.kind !== 'User' && subject.kind !== 'Group') return undefined;
  const names = subject.kind === 'User' ? bound.users : bound.groups;
  if (names.has(subject.name) || subject.name.startsWith('system:')) return undefined;
  const near = nearest(subject.name, [...names]);
  const what = `no binding names ${subject.kind.toLowerCase()} \`${subject.name}\``;
  return near === undefined ? what : `${what}; did you mean \`${near}\`?`;
}

function nearestArn(text: string, world: ClusterWorld): string | undefined {
  return nearestOf(
    text,
    iamSubjects(world).map(({ arn }) => arn),
  );
}

function nearestOf(text: string, names: readonly string[]): string | undefined {
  const near = nearest(text, names);
  return near === undefined ? undefined : `did you mean \`${near}\`?`;
}

/** A bare name: somebody of that name, written as it must be. */
function meant(text: string, world: ClusterWorld): string | undefined {
  const wanted = lowerAscii(text);
  const keys = world
    .subjects()
    .map((subject) => ({ key: subjectKey(subject).replace(/^iam:arn:[^:]*:iam::\d*:/, ''), subject }))
    .filter(
      ({ key }) => lowerAscii(key.slice(Math.max(key.lastIndexOf('/'), key.indexOf(':')) + 1)) === wanted,
    )
    .map(({ key }) => `\`${key}\``);
  return keys.length === 0 ? undefined : `did you mean ${keys.slice(0, 5).join(' or ')}?`;
}
