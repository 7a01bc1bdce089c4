import type { ClusterWorld } from '../world/cluster.ts';
import type { World } from '../world/world.ts';

/**
 * Something one may be permitted in a cluster, whatever it is: who can permit it to itself is looked for by asking `ask` about
 * made-up subjects, each with one thing that somebody could give itself.
 */
export interface ReachGoal {
  /** `get secrets in namespace prod`; goals of one text are the same. */
  readonly text: string;
  /** The namespace that it is about, '' for all at once or none; `any`: in one of them is enough. */
  readonly namespaces: { readonly named: string } | 'any';
  /** Asks the decider of a cluster who may. */
  ask(world: World, cluster: ClusterWorld): GoalAnswer;
}

export interface GoalAnswer {
  /** Keys of those who may (`subjectKey`). */
  readonly allowed: ReadonlySet<string>;
  /** ARNs of principals that have an access policy of which is not known whether it allows it. */
  readonly unclear: ReadonlySet<string>;
}
