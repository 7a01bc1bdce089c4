import { parsePrincipalArn } from '../../arn/principalarn.ts';
import { compileWildcard, isSearchable, wildcardTokens } from '../../arn/wildcard.ts';
import { subjectOf } from '../iamworld/allowers.ts';
import type { IamAnswer, IamQuestion } from '../iamworld/answer.ts';
import type { IamWorld, Raise } from '../iamworld/iamworld.ts';
import type { WorldPolicy } from '../iamworld/policies.ts';
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

type Ask = (question: IamQuestion) => IamAnswer;

function permitted(ask: Ask, ...questions: readonly IamQuestion[]): Permitted | undefined {
  let all: Permitted = { certainty: 'always', conditions: [], evidence: [] };
  for (const question of questions) {
    const one = permittedBy(question, ask(question));
    if (one === undefined) return undefined;
    all = both(all, one);
  }
  return all;
}

/** An answer as what it permits. */
export function permittedBy(
  { action, resource }: Pick<IamQuestion, 'action' | 'resource'>,
  answer: IamAnswer,
): Permitted | undefined {
  const { certainty, decision } = answer;
  if (certainty === 'never') return undefined;
  return {
    certainty,
    get conditions() {
      return answer.conditions;
    },
    evidence: [{ kind: 'iam', action, resource, decision }],
  };
}

/** Somebody as it is when it asks: itself, or itself once it has raised what it may. */
export interface Posture {
  readonly subject: IamSubject;
  /** What it has of policies: an index of the resources these speak of. */
  readonly policies: readonly WorldPolicy[];
  /** Undefined where one of the questions is refused. */
  may(...questions: readonly Omit<IamQuestion, 'subject'>[]): Permitted | undefined;
}

export function postureOf(iam: IamWorld, subject: IamSubject, raise?: Raise): Posture {
  const as =
    (ask: Ask): Posture['may'] =>
    (...questions) =>
      permitted(ask, ...questions.map((question) => ({ subject, ...question })));
  const { identity } = iam.standings.of(subject);
  if (raise === undefined) return { subject, policies: identity, may: as(iam.ask) };
  const policies = raise.everything === 'only' ? [] : [...identity, ...(raise.extra ?? [])];
  const raised = as((question) => iam.askRaised(question, raise));
  if (raise.everything !== 'more') return { subject, policies, may: raised };
  const alone: Raise = { ...raise, everything: 'only' };
  const freed = as((question) => iam.askRaised(question, alone));
  return {
    ...{ subject, policies },
    may(...questions) {
      const found = raised(...questions);
      if (found !== undefined) return found;
      const then = freed(...questions);
      return then && assuming(then, 'it can take away what its own policies deny');
    },
  };
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

/** The same of whatever takes permissions. */
export function surestOf<Way extends { readonly by: Permitted }>(ways: Iterable<Way>): Way | undefined {
  let best: Way | undefined;
  for (const way of ways) {
    if (way.by.certainty === 'always') return way;
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
  { subject, policies }: Posture,
  action: string,
  { fallback, within = '*' }: { readonly fallback: string; readonly within?: string },
): readonly string[] {
  const found = new Set([fallback]);
  const lower = action.toLowerCase();
  const isWithin = compileWildcard(within);
  for (const { best, document } of policies) {
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

/** Something that the pattern covers. */
export function concrete(pattern: string): string {
  return withoutVariables(pattern).replaceAll('*', 'any').replaceAll('?', 'x');
}

/**
 * Whether somebody's own policies speak of a resource at all where they allow one of the actions: an index that never loses
 * what is allowed.
 */
export function speaksOf(
  policies: readonly WorldPolicy[],
  actions: readonly string[],
): (resource: string) => boolean {
  const patterns = new Set<string>();
  for (const { best, document } of policies) {
    for (const action of actions) {
      for (const { ref } of best.allows.forAction(action.toLowerCase())) {
        const list = document?.statements[ref.index]?.resource;
        if (list === undefined || list.negated) return () => true;
        for (const { value } of list.entries) patterns.add(withoutVariables(value));
      }
    }
  }
  const unsearchable = [...patterns].some(
    (pattern) => pattern.includes('$') || !isSearchable(wildcardTokens(pattern)),
  );
  if (unsearchable) return () => true;
  const compiled = [...patterns].map(compileWildcard);
  return (resource) => compiled.some((matches) => matches(resource));
}

/** Name of a user or role without its path. */
export function nameOf(arn: string): string {
  const named = parsePrincipalArn(arn);
  return named !== undefined && 'name' in named ? named.name : 'root';
}
