import { nodeKey, type ReachNode } from './node.ts';
import type { IsKnown, StepRules } from './rules.ts';
import type { ReachChain, ReachStep } from './step.ts';

export interface SearchOptions {
  readonly maxSteps: number;
  readonly onlyCertain: boolean;
}

/** How often a step that is only possible is looked at again for a certain one of the same length. */
const secondLooks = 3;

/**
 * Breadth first from the targets: everybody who can become one, with a step each that is the first of a shortest chain; among
 * those of one length a certain step is preferred where one is soon found. Every node is visited once, so cycles end.
 */
export function searchBackwards(
  rules: readonly StepRules[],
  targets: readonly ReachNode[],
  options: SearchOptions,
): readonly ReachChain[] {
  const next = search(targets, options, (node, isKnown, visit) => {
    for (const rule of rules) for (const step of rule.into(node, isKnown)) visit(step.from, step);
  });
  const isTarget = new Set(targets.map(nodeKey));
  return [...next.values()].flatMap((first) => {
    const steps: ReachStep[] = [];
    for (let step: ReachStep | undefined = first; step !== undefined; ) {
      steps.push(step);
      const key = nodeKey(step.to);
      step = isTarget.has(key) ? undefined : next.get(key);
    }
    return chainOf(first.from, steps);
  });
}

/** The same from one node to everybody it can become. */
export function searchForwards(
  rules: readonly StepRules[],
  from: ReachNode,
  options: SearchOptions,
): readonly ReachChain[] {
  const before = search([from], options, (node, isKnown, visit) => {
    for (const rule of rules) for (const step of rule.from(node, isKnown)) visit(step.to, step);
  });
  const start = nodeKey(from);
  return [...before.values()].flatMap((last) => {
    const steps: ReachStep[] = [];
    for (let step: ReachStep | undefined = last; step !== undefined; ) {
      steps.unshift(step);
      const key = nodeKey(step.from);
      step = key === start ? undefined : before.get(key);
    }
    return chainOf(from, steps);
  });
}

/** Nodes in the order in which they were found, each with the step that found it; without where it began. */
function search(
  begin: readonly ReachNode[],
  { maxSteps, onlyCertain }: SearchOptions,
  expand: (node: ReachNode, isKnown: IsKnown, visit: (found: ReachNode, step: ReachStep) => void) => void,
): ReadonlyMap<string, ReachStep> {
  const found = new Map<string, ReachStep>();
  const settled = new Set(begin.map(nodeKey));
  let frontier: readonly ReachNode[] = [...new Map(begin.map((node) => [nodeKey(node), node])).values()];
  for (let depth = 0; depth < maxSteps && frontier.length > 0; depth++) {
    const fresh = new Map<string, { readonly node: ReachNode; looks: number }>();
    const visit = (node: ReachNode, step: ReachStep): void => {
      if (onlyCertain && step.certainty !== 'always') return;
      const key = nodeKey(node);
      if (settled.has(key)) return;
      const known = fresh.get(key);
      if (known === undefined) {
        fresh.set(key, { node, looks: 0 });
        found.set(key, step);
      } else {
        known.looks++;
        if (step.certainty === 'always' && found.get(key)?.certainty !== 'always') found.set(key, step);
      }
      if (found.get(key)?.certainty === 'always') settled.add(key);
    };
    const isKnown: IsKnown = (key) => settled.has(key) || (fresh.get(key)?.looks ?? 0) >= secondLooks;
    for (const node of frontier) expand(node, isKnown, visit);
    for (const key of fresh.keys()) settled.add(key);
    frontier = [...fresh.values()].map(({ node }) => node);
  }
  return found;
}

function chainOf(from: ReachNode, steps: readonly ReachStep[]): readonly ReachChain[] {
  const [first, ...rest] = steps;
  if (first === undefined) return [];
  const certainty = steps.every((step) => step.certainty === 'always') ? 'always' : 'sometimes';
  return [{ from, steps: [first, ...rest], certainty }];
}
