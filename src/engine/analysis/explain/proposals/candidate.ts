import type { Snapshot } from '../../snapshot/snapshot.ts';
import type { ClusterWorld } from '../../world/cluster.ts';
import type { Principals } from '../../world/principals.ts';
import type { Question } from '../../world/question.ts';
import type { ClusterSubject } from '../../world/subject.ts';
import type { Edit } from '../edits.ts';

/** A change that may help; whether it does is tried afterwards. */
export interface Candidate {
  /** Of each kind the one that adds least is told. */
  readonly kind:
    | 'wayIn'
    | 'ownAssociation'
    | 'stockPolicy'
    | 'ownPolicy'
    | 'mendedRole'
    | 'existingRole'
    | 'newRole';
  /** In our message style. */
  readonly summary: string;
  readonly edits: readonly Edit[];
}

/** What is to be allowed, in the cluster as it is (or as the edits before would make it). */
export interface Wanted {
  readonly cluster: ClusterWorld;
  readonly principals: Principals;
  readonly snapshot: Snapshot;
  readonly now: number;
  readonly subject: ClusterSubject;
  readonly question: Question;
  /** Whether the cluster is one of this server, which has access policies of one's own and associations that end. */
  readonly extensions: boolean;
}

/** `name`, else `name-2`, … */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${name}-${number}`;
    if (!isTaken(candidate)) return candidate;
  }
}
