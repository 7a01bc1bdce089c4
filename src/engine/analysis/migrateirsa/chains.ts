import { parsePrincipalArn } from '../../arn/principalarn.ts';
import type { Certainty, RoleSession } from '../iamworld/answer.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import { postureOf, resourcesInReach } from '../reach/asking.ts';
import { type SessionChange, type Sessions, verdictOf } from './decisions.ts';

/**
 * Roles that the role goes on to. Tags of Pod Identity are transitive (eks-access-facts J8): whoever is assumed next inherits
 * them, which both sides must allow with `sts:TagSession` (iam-facts E13). IRSA's sessions have none.
 */
export function chainChanges({
  subject,
  before,
  after,
  iamBefore,
  iamAfter,
  trusts,
}: Sessions): readonly SessionChange[] {
  const named = resourcesInReach(postureOf(iamBefore, subject), 'sts:AssumeRole', {
    fallback: subject.arn,
    within: 'arn:*:iam::*:role/*',
  });
  const targets = new Set([...[...trusts.rolesTrusting(subject)].map(({ record }) => record.arn), ...named]);
  return [...targets].sort().flatMap((target): readonly SessionChange[] => {
    if (parsePrincipalArn(target)?.kind !== 'role') return [];
    const was = chained(iamBefore, { subject, session: before, target });
    const is = chained(iamAfter, { subject, session: after, target });
    const verdict = verdictOf(was, is);
    if (verdict === undefined) return [];
    const why = 'with the tags of Pod Identity, which are passed on and need `sts:TagSession` on both sides';
    const message =
      verdict === 'gains'
        ? `it can assume \`${target}\` ${why}, and could not before`
        : `it could assume \`${target}\`, and ${is === 'never' ? 'cannot' : 'perhaps cannot'} ${why}`;
    return [{ verdict, message }];
  });
}

const surest: readonly Certainty[] = ['never', 'sometimes', 'always'];

function chained(
  iam: IamWorld,
  {
    subject,
    session,
    target,
  }: {
    readonly subject: Sessions['subject'];
    readonly session: RoleSession;
    readonly target: string;
  },
): Certainty {
  const keys = Object.keys(session.tags);
  const question = {
    ...{ subject, session, resource: target, closed: ['aws:RequestTag/'] },
    context: { 'aws:TagKeys': [], 'sts:TransitiveTagKeys': keys, 'sts:SourceIdentity': [] },
  };
  const answers = [iam.ask({ ...question, action: 'sts:AssumeRole' }).certainty];
  if (keys.length > 0) {
    const tag = { ...question, action: 'sts:TagSession' };
    answers.push(iam.ask(tag).certainty, iam.ask({ ...tag, isOwnOnly: true }).certainty);
  }
  return surest.find((one) => answers.includes(one)) ?? 'never';
}
