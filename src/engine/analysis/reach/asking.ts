import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { compileWildcard } from '../../arn/wildcard.ts';
import { subjectOf } from '../iamworld/allowers.ts';
import type { IamAnswer, IamQuestion } from '../iamworld/answer.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import { withoutVariables } from '../policylint/patterns.ts';
import type { KnownPrincipal } from '../world/principals.ts';
import type { IamSubject } from '../world/subject.ts';
import type { ReachNode } from './node.ts';
import type { ReachCondition, ReachEvidence, ReachStep, StepCode } from './step.ts';

/** What some permissions together come to; undefined where one of them is refused. */
export interface Permitted {
  readonly certainty: 'always' | 'sometimes';
  readonly conditions: readonly ReachCondition[];
  readonly evidence: readonly ReachEvidence[];
}

export type Ask = (question: IamQuestion) => IamAnswer;

export function permitted(ask: Ask, ...questions: readonly IamQuestion[]): Permitted | undefined {
  let all: Permitted = { certainty: 'always', conditions: [], evidence: [] };
  for (const question of questions) {
    const { certainty, decision, ...answer } = ask(question);
    if (certainty === 'never') return undefined;
    const { action, resource } = question;
    const one: Permitted = {
      certainty,
      get conditions() {
        return answer.conditions;
      },
      evidence: [{ kind: 'iam', action, resource, decision }],
    };
    all = both(all, one);
  }
  return all;
}

/** What it may once it has given itself everything; at a pinch without the policies that deny it something. */
export function permittedAsAdmin(iam: IamWorld, ...questions: readonly IamQuestion[]): Permitted | undefined {
  const raised = permitted(iam.askAsAdministrator, ...questions);
  if (raised !== undefined) return raised;
  const freed = permitted(iam.askWithoutOwnPolicies, ...questions);
  return freed && assuming(freed, 'it can take away what its own policies deny');
}

/** One after the other: both are needed. Conditions are found when they are read. */
export function both(one: Permitted, other: Permitted): Permitted {
  if (one.evidence.length === 0 && one.certainty === 'always') return other;
  return {
    certainty: one.certainty === 'always' ? other.certainty : 'sometimes',
    get conditions() {
      return [...one.conditions, ...other.conditions];
    },
    evidence: [...one.evidence, ...other.evidence],
  };
}

export function assuming(one: Permitted, message: string): Permitted {
  return {
    certainty: 'sometimes',
    get conditions() {
      return [...one.conditions, { kind: 'assumption', message } as const];
    },
    evidence: one.evidence,
  };
}

/** The first that is certain, else the first. */
export function surest(ways: Iterable<Permitted | undefined>): Permitted | undefined {
  let best: Permitted | undefined;
  for (const way of ways) {
    if (way?.certainty === 'always') return way;
    best ??= way;
  }
  return best;
}

export function stepOf(
  code: StepCode,
  { from, to }: { readonly from: ReachNode; readonly to: ReachNode },
  message: string,
  by: Permitted,
): ReachStep {
  return {
    ...{ code, from, to, message, certainty: by.certainty },
    get conditions() {
      return by.conditions;
    },
    evidence: by.evidence,
  };
}

export function iamNode(principal: KnownPrincipal): ReachNode & { readonly kind: 'iam' } {
  return { kind: 'iam', subject: subjectOf(principal) };
}

/** The root of an account, as `World` has it. */
export function rootSubject(partition: string, accountId: string): IamSubject {
  const arn = `arn:${partition}:iam::${accountId}:root`;
  return { kind: 'iam', type: 'root', arn, accountId, principalId: accountId, standing: 'exists' };
}

/**
 * Resources that the subject's own statements about an action speak of, each made concrete, for actions whose resource the
 * caller chooses: some resource is enough.
 */
export function resourcesInReach(
  iam: IamWorld,
  subject: IamSubject,
  action: string,
  { fallback, within = '*' }: { readonly fallback: string; readonly within?: string },
): readonly string[] {
  const found = new Set([fallback]);
  const lower = action.toLowerCase();
  const isWithin = compileWildcard(within);
  for (const { best, document } of iam.standings.of(subject).identity) {
    for (const { ref } of best.allows.forAction(lower)) {
      const resources = document?.statements[ref.index]?.resource;
      if (resources === undefined || resources.negated) continue;
      for (const { value } of resources.entries) {
        const [arn, partition, service, region, accountId, ...rest] = value.split(':');
        if (arn !== 'arn' || accountId === undefined || found.size > mostResources) continue;
        const own = /[*?]/.test(accountId) ? subject.accountId : accountId;
        const resource = concrete([arn, partition, service, region, own, ...rest].join(':'));
        if (isWithin(resource)) found.add(resource);
      }
    }
  }
  return [...found];
}

const mostResources = 50;

function concrete(pattern: string): string {
  return withoutVariables(pattern).replaceAll('*', 'any').replaceAll('?', 'x');
}

/** Name of a user or role without its path. */
export function nameOf(arn: string): string {
  const named = parsePrincipalArn(arn);
  return named !== undefined && 'name' in named ? named.name : 'root';
}
