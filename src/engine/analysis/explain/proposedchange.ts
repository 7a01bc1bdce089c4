import type { Edit } from './edits.ts';

/** A change that was tried on a copy of the snapshot: with it the request is allowed. */
export interface ProposedChange {
  /** One line in our message style: `associate access policy … in namespace …`. */
  readonly summary: string;
  readonly edits: readonly Edit[];
  /** To be pasted into a shell, in this order. */
  readonly commands: readonly string[];
  readonly adds: Additions;
}

/** What a change gives beside the one request. */
export interface Additions {
  /** Everything there is, in some namespace or in all. */
  readonly everything: boolean;
  /** How many other pairs of verb and resource, each namespace for itself. */
  readonly pairs: number;
  /** The first of them, joined by resource. */
  readonly also: readonly {
    /** '' is the whole cluster; or a scope's pattern. */
    readonly namespace: string;
    readonly apiGroup: string;
    /** Or a path. */
    readonly resource: string;
    readonly verbs: readonly string[];
    readonly resourceNames: readonly string[];
  }[];
  /** Others who could do anything they could not, or get in at all, by their `subjectKey`; the first of them. */
  readonly others: readonly string[];
  readonly otherCount: number;
  /** False where there are too many subjects to ask each. */
  readonly othersKnown: boolean;
}
