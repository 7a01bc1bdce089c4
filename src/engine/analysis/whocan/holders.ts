import type { IndexedEntry } from '../../authorizer/policyindex.ts';
import type { ClusterWorld, SubjectIdentity } from '../world/cluster.ts';
import type { ClusterSubject } from '../world/subject.ts';
import type { PathIdentity } from './answer.ts';

/** One of the users a subject can be. */
export interface Holder {
  /** Place of the subject in `ClusterWorld.subjects`. */
  readonly place: number;
  /** Place among the identities of the subject: the first that may decides. */
  readonly turn: number;
  readonly identity: PathIdentity;
}

/** A holder, and at which place among its groups the group stands by which it was found; -1: found by its name. */
export interface Held {
  readonly holder: Holder;
  readonly position: number;
}

/** From what grants name to the subjects of a cluster: the way `identitiesOf` goes, backwards. */
export interface Holders {
  readonly subjects: readonly ClusterSubject[];
  readonly byUser: ReadonlyMap<string, readonly Held[]>;
  readonly byGroup: ReadonlyMap<string, readonly Held[]>;
  /** By the entry whose access policies apply, whatever its associations. */
  readonly byEntry: ReadonlyMap<IndexedEntry, readonly Held[]>;
}

/** Asks who everybody is, once. */
export function createHolders(world: ClusterWorld): Holders {
  const subjects = world.subjects();
  const byUser = new Map<string, Held[]>();
  const byGroup = new Map<string, Held[]>();
  const byEntry = new Map<IndexedEntry, Held[]>();
  for (const [place, subject] of subjects.entries()) {
    for (const [turn, identity] of world.identitiesOf(subject).identities.entries()) {
      const { user } = identity;
      const holder: Holder = { place, turn, identity: pathIdentity(identity) };
      const byName: Held = { holder, position: -1 };
      addTo(byUser, user.username, byName);
      for (const [position, group] of user.groups.entries()) {
        // A group that is listed twice is one way, not two.
        if (user.groups.indexOf(group) === position) addTo(byGroup, group, { holder, position });
      }
      const entry = world.authorizer.entryOf(user);
      if (entry !== undefined) addTo(byEntry, entry, byName);
    }
  }
  return { subjects, byUser, byGroup, byEntry };
}

function pathIdentity({ user, mapped, sessionName, accessKeyId }: SubjectIdentity): PathIdentity {
  return {
    username: user.username,
    groups: user.groups,
    ...(sessionName !== undefined && { sessionName }),
    ...(accessKeyId !== undefined && { accessKeyId }),
    ...(mapped !== undefined && { mappedBy: { ...mapped.mappedBy, code: mapped.code } }),
  };
}

export function addTo<Key, Item>(map: Map<Key, Item[]>, key: Key, item: Item): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [item]);
  else known.push(item);
}
