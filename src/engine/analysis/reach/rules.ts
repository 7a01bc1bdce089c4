import type { ReachNode } from './node.ts';
import type { ReachStep } from './step.ts';

/** A kind of steps, found from either end. Both ends give the same steps: `into` is for questions that go backwards. */
export interface StepRules {
  /** Steps to the node; `isKnown` is asked with a node's key: steps from those are not looked for. */
  into(to: ReachNode, isKnown: IsKnown): Iterable<ReachStep>;
  /** Steps from the node; steps to those that are known are not looked for. */
  from(from: ReachNode, isKnown: IsKnown): Iterable<ReachStep>;
}

export type IsKnown = (nodeKey: string) => boolean;
