import type { IamAnswer, IamQuestion } from '../iamworld/answer.ts';
import { createIamWorld, type IamWorld } from '../iamworld/iamworld.ts';
import type { Gap, SnapshotCluster } from '../snapshot/snapshot.ts';
import { type ClusterWorld, createClusterWorld } from '../world/cluster.ts';
import type { World } from '../world/world.ts';
import type { ExplainMiss, ExplainStep } from './explanation.ts';
import { type IamChange, smallestIamChange } from './iamchange.ts';
import { decidedText, iamHints, missText, openText } from './iamtext.ts';
import { callerStep } from './identitystep.ts';

export interface AwsExplanation {
  /** Whatever the rest of the request is. */
  readonly allowed: boolean;
  readonly certainty: IamAnswer['certainty'];
  readonly steps: readonly ExplainStep[];
  /** Of `sometimes`: what it depends on. */
  readonly conditions: readonly {
    readonly message: string;
    readonly condition: IamAnswer['conditions'][number];
  }[];
  readonly changes: readonly IamChange[];
  readonly incomplete: readonly Gap[];
}

/** Deny statements that count, told at most. */
const conditionsTold = 20;

/**
 * Whether a principal may call an AWS operation, by the policies of the snapshot: which statement decided, or which step
 * refused and what came nearest. `cluster` is any of the snapshot, or
 * `anyCluster`: blocks are told through it. With `limit` 0 no change is looked for.
 */
export function explainAws(
  world: World,
  cluster: ClusterWorld,
  question: IamQuestion,
  iam: IamWorld = createIamWorld(world),
  { limit = 1 }: { readonly limit?: 0 | 1 } = {},
): AwsExplanation {
  const { subject } = question;
  const caller = callerStep(world, subject, cluster.identitiesOf(subject).refusal);
  const answer = iam.ask(question);
  const isCaller = caller.outcome !== 'failed';
  const certainty = isCaller ? answer.certainty : 'never';
  return {
    allowed: certainty === 'always',
    certainty,
    steps: [caller, isCaller ? decisionStep(question, answer) : notReached],
    conditions:
      certainty === 'sometimes'
        ? answer.conditions
            .slice(0, conditionsTold)
            .map((condition) => ({ message: openText(condition), condition }))
        : [],
    changes:
      isCaller && certainty === 'never' && limit > 0
        ? smallestIamChange(world, question, answer.decision)
        : [],
    incomplete: gapsAbout(world, question),
  };
}

/** What was not read and may change the answer: of the IAM of whoever calls and of whom the resource is. */
function gapsAbout(
  { snapshot }: World,
  { subject, resource, resourceAccountId }: IamQuestion,
): readonly Gap[] {
  const owner = resourceAccountId ?? resource.split(':')[4];
  return snapshot.gaps.filter(
    ({ area, accountId }) =>
      (area === 'iam' || area === 'blocks' || area === 'file') &&
      (accountId === undefined || accountId === subject.accountId || accountId === owner),
  );
}

/** Principals are told apart as in a cluster that has nothing, so that IAM alone counts. */
export function anyCluster({ snapshot, now, principals }: World): ClusterWorld {
  const nothing: SnapshotCluster = {
    ...{ arn: '', accountId: '', region: '', name: '', authenticationMode: 'API' },
    ...{ accessEntries: [], rbac: [], identityProviders: [] },
  };
  return createClusterWorld(nothing, { snapshot, now, principals });
}

/** Of a decision that an earlier step kept anybody from. */
export const notReached: ExplainStep = {
  ...{ step: 'decision', outcome: 'notReached', code: 'notReached' },
  ...{ message: 'not reached: an earlier step failed', misses: [] },
};

function decisionStep(
  { action, resource }: IamQuestion,
  { certainty, decision, conditions }: IamAnswer,
): ExplainStep {
  const common = { step: 'decision', evidence: { kind: 'iam', decision } } as const;
  const message = decidedText(decision, action, resource);
  switch (certainty) {
    case 'always':
      return { ...common, outcome: 'passed', code: decision.step, message, misses: [] };
    case 'sometimes': {
      // What decided is a stand-in then, for policies that nobody knows.
      const isUnread = conditions.every(({ kind }) => kind.endsWith('NotRead'));
      return {
        ...common,
        ...{ outcome: 'notVerified', code: 'depends' },
        message: isUnread
          ? `it depends on what was not read whether \`${action}\` is allowed on \`${resource}\``
          : `it depends: ${message}`,
        misses: conditions
          .slice(0, conditionsTold)
          .map((one): ExplainMiss => ({ code: one.kind, message: openText(one) })),
        hint: isUnread
          ? 'have that read as well: `aws iam get-account-authorization-details` prints all of an account'
          : 'say what the request has with --key KEY=VALUE, and ask again',
      };
    }
    case 'never':
      return {
        ...common,
        ...{ outcome: 'failed', code: decision.decision, message },
        misses: decision.misses.map((miss) => missText(miss)),
        hint:
          decision.decision === 'explicitDeny'
            ? 'a deny wins over every allow: narrow or remove that statement, or call as somebody it is not for'
            : iamHints[decision.step],
      };
    default:
      return certainty satisfies never;
  }
}
