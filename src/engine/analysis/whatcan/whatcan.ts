import type { Gap, Snapshot } from '../snapshot/snapshot.ts';
import { gapsOf } from '../whocan/gaps.ts';
import type { ClusterWorld, SubjectIdentities, SubjectIdentity } from '../world/cluster.ts';
import type { ClusterSubject } from '../world/subject.ts';
import { type PermissionPlace, type Permissions, permissionsOf, type SourcedRule } from './permissions.ts';

/** What one subject may in one cluster. */
export interface WhatCan {
  readonly cluster: { readonly name: string; readonly arn: string };
  readonly subject: ClusterSubject;
  /**
   * Who it is there. A role whose mapping takes the session's name can be several users: the first stands for any session,
   * each other for those of its `sessionName`. Empty: nobody, because of `refusal`.
   */
  readonly identities: readonly IdentityPermissions[];
  readonly refusal?: SubjectIdentities['refusal'];
  /** What comes with `system:authenticated` or `system:unauthenticated`, besides. */
  readonly everybodys: {
    readonly everywhere: readonly SourcedRule[];
    readonly places: readonly PermissionPlace[];
  };
  /** What was not read and may change the answer. */
  readonly incomplete: readonly Gap[];
}

export interface IdentityPermissions {
  readonly username: string;
  readonly groups: readonly string[];
  readonly sessionName?: string;
  /** The key that must sign, where a template makes it part of what is bound. */
  readonly accessKeyId?: string;
  /** What maps an IAM principal. */
  readonly mappedBy?: NonNullable<SubjectIdentity['mapped']>['mappedBy'];
  readonly everywhere: readonly SourcedRule[];
  readonly places: readonly PermissionPlace[];
}

/** With a namespace, what holds in it, all together, is its only place. */
export function whatCan(
  world: ClusterWorld,
  snapshot: Snapshot,
  subject: ClusterSubject,
  { namespace }: { readonly namespace?: string | undefined } = {},
): WhatCan {
  const { identities, refusal } = world.identitiesOf(subject);
  const { name, arn } = world.cluster;
  const of = isEverybody(subject) ? 'all' : 'own';
  const shared = permissionsOf(world, of === 'all' ? [] : identities, { of: 'everybodys' });
  return {
    cluster: { name, arn },
    subject,
    identities: identities.map((identity): IdentityPermissions => {
      const { user, mapped, sessionName, accessKeyId } = identity;
      const { everywhere, places } = placed(permissionsOf(world, [identity], { of }), namespace);
      return {
        ...{ username: user.username, groups: user.groups },
        ...(sessionName !== undefined && { sessionName }),
        ...(accessKeyId !== undefined && { accessKeyId }),
        ...(mapped !== undefined && { mappedBy: mapped.mappedBy }),
        ...{ everywhere, places },
      };
    }),
    ...(refusal !== undefined && { refusal }),
    everybodys: placed(shared, namespace),
    incomplete: gapsOf(snapshot, world.cluster),
  };
}

function placed(
  permissions: Permissions,
  namespace: string | undefined,
): Pick<Permissions, 'everywhere' | 'places'> {
  const { everywhere, places } = permissions;
  if (namespace === undefined) return { everywhere, places };
  const rules = permissions.sourcedIn(namespace);
  return {
    everywhere: [],
    places: rules.length === 0 ? [] : [{ namespaces: [namespace], patterns: [], rules }],
  };
}

/** The groups of everybody have as their own what everybody has. */
function isEverybody(subject: ClusterSubject): boolean {
  return (
    subject.kind === 'Group' && ['system:authenticated', 'system:unauthenticated'].includes(subject.name)
  );
}
