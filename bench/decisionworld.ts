import { type Attributes, principalIdExtraKey, type UserInfo } from '../src/engine/authorizer/attributes.ts';
import type { Authorizer } from '../src/engine/authorizer/authorizer.ts';
import { allow } from '../src/engine/rbac/allow.ts';
import { defaultRbacObjects } from '../src/engine/rbac/defaults.ts';
import type { ClusterRole, RbacObject } from '../src/engine/rbac/objects.ts';
import type { ReadGrant } from './peers/cedar.ts';

/**
 * The cluster that decisions and changes are measured in: n bindings, half of them ClusterRoleBindings, of up to 10,000
 * roles; as many access entries; the default RBAC objects.
 */
const account = '111122223333';
export const namespaces = 1_000;

export const roleCount = (size: number): number => Math.min(size, 10_000);

export function role(at: number): ClusterRole {
  return {
    kind: 'ClusterRole',
    name: `role${at}`,
    labels: {},
    rules: [allow('get list watch', 'core', 'pods configmaps'), allow('*', 'apps', 'deployments')],
  };
}

export function binding(at: number, roles: number): RbacObject {
  const shared = {
    name: `binding${at}`,
    roleRef: { kind: 'ClusterRole', name: `role${at % roles}` },
    subjects: [{ kind: 'User', name: `user${at}`, namespace: '' }],
  } as const;
  return at % 2 === 0
    ? { kind: 'RoleBinding', namespace: namespaceOf(at), ...shared }
    : { kind: 'ClusterRoleBinding', ...shared };
}

export const namespaceOf = (at: number): string => `ns${at % namespaces}`;

export function* objectsOf(size: number): Generator<RbacObject> {
  yield* defaultRbacObjects;
  for (let at = 0; at < roleCount(size); at++) yield role(at);
  for (let at = 0; at < size; at++) yield binding(at, roleCount(size));
}

export function entry(at: number) {
  return {
    principalArn: `arn:aws:iam::${account}:role/r${at}`,
    principalId: `AROA${at}`,
    associatedPolicies: [
      {
        policyArn: 'arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy',
        accessScope: { type: 'namespace', namespaces: [namespaceOf(at), 'team-*'] },
      } as const,
    ],
  };
}

export function addObjects(authorizer: Authorizer, size: number): void {
  for (const object of objectsOf(size)) authorizer.applyObject(object);
}

export function addEntries(authorizer: Authorizer, size: number): void {
  for (let at = 0; at < size; at++) authorizer.applyEntry(entry(at));
}

/** The same permission as the first rule of the binding of that number, which is what the requests are about. */
export function grantOf(at: number, size: number): ReadGrant {
  return {
    username: `user${at}`,
    role: `role${at % roleCount(size)}`,
    namespace: at % 2 === 0 ? namespaceOf(at) : '',
    resources: ['pods', 'configmaps'],
  };
}

export function grantsOf(size: number): readonly ReadGrant[] {
  return Array.from({ length: size }, (_, at) => grantOf(at, size));
}

export function plainUser(at: number): UserInfo {
  return { username: `user${at}`, uid: '', groups: ['team', 'system:authenticated'], extra: {} };
}

export function entryUser(at: number): UserInfo {
  return {
    ...plainUser(at),
    uid: `aws-iam-authenticator:${account}:AROA${at}`,
    extra: { [principalIdExtraKey]: [`AROA${at}`] },
    principal: {
      principalId: `AROA${at}`,
      canonicalArn: `arn:aws:iam::${account}:role/r${at}`,
      username: `user${at}`,
    },
  };
}

export function ask(user: UserInfo, resource: string, namespace: string): Attributes {
  return {
    kind: 'resource',
    user,
    verb: 'list',
    apiGroup: '',
    apiVersion: 'v1',
    resource,
    subresource: '',
    namespace,
    name: '',
  };
}
