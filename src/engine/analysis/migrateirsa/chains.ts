import { parsePrincipalArn } from '../../arn/principalarn.ts';
import type { Certainty, RoleSession } from '../iamworld/answer.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import { askedTags } from '../reach/askedtags.ts';
import { postureOf, resourcesInReach } from '../reach/asking.ts';
import { type SessionChange, type Sessions, verdictOf } from './decisions.ts';

/**
 * Roles that the role goes on to. Tags of Pod Identity are transitive (eks-access-facts J8): whoever is assumed next inherits
 * them, which both sides must allow with `sts:TagSession` (iam-facts E13). IRSA's sessions have none.
 */
export function chainChanges(sessions: Sessions): readonly SessionChange[] {
  const { subject, iamBefore, trusts } = sessions;
  const named = resourcesInReach(postureOf(iamBefore, subject), 'sts:AssumeRole', {
    fallback: subject.arn,
    within: 'arn:*:iam::*:role/*',
  }).filter((arn) => parsePrincipalArn(arn)?.kind === 'role');
  const trusting = [...trusts.rolesTrusting(subject)].map(({ record }) => record.arn);
  const targets = [...new Set([...trusting, ...named])].sort();
  return [
    ...targets.flatMap((target) => changeTowards(sessions, target)),
    ...named.flatMap((target) => changeElsewhere(sessions, target)).slice(0, 1),
  ];
}

const why = 'with the tags of Pod Identity, which are passed on and need `sts:TagSession` on both sides';

function changeTowards(
  { subject, before, after, iamBefore, iamAfter, isRead }: Sessions,
  target: string,
): readonly SessionChange[] {
  const was = chained(iamBefore, { subject, session: before, target });
  const is = chained(iamAfter, { subject, session: after, target });
  switch (verdictOf(was, is)) {
    case 'gains':
      return [{ verdict: 'gains', message: `it can assume \`${target}\` ${why}, and could not before` }];
    case 'loses': {
      const cannot = is === 'never' ? 'cannot' : 'perhaps cannot';
      return [{ verdict: 'loses', message: `it could assume \`${target}\`, and ${cannot} ${why}` }];
    }
    default: {
      if (is === 'never' || isRead(accountOf(target)) || Object.keys(after.tags).length === 0) return [];
      const message = `it may assume \`${target}\`, and whether that role lets it do so ${why} was not read`;
      return [{ verdict: 'mayDiffer', message }];
    }
  }
}

/**
 * The same of accounts that a policy does not name (`arn:aws:iam::*:role/deploy`, `*`): who trusts the role there nobody has
 * read, but what it may do of its own is known.
 */
function changeElsewhere(
  { subject, before, after, iamBefore, iamAfter }: Sessions,
  target: string,
): readonly SessionChange[] {
  const elsewhere = target.replace(`::${accountOf(target)}:`, `::${unheardOf}:`);
  const of = { subject, target: elsewhere, isOwnOnly: true } as const;
  const was = chained(iamBefore, { ...of, session: before });
  const is = chained(iamAfter, { ...of, session: after });
  const there = 'roles of accounts that its policies do not name';
  switch (verdictOf(was, is)) {
    case 'gains':
      return [{ verdict: 'gains', message: `it can assume ${there} ${why}, and could not before` }];
    case 'loses':
      return [{ verdict: 'loses', message: `it could assume ${there}, and cannot ${why}` }];
    default: {
      // Of one that may do everything this tells nothing.
      if (is === 'never' || target === subject.arn || Object.keys(after.tags).length === 0) return [];
      const message = `it may assume ${there}, and whether these let it do so ${why} was not read`;
      return [{ verdict: 'mayDiffer', message }];
    }
  }
}

/** An account that no policy names. */
const unheardOf = '999999999990';

function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}

const surest: readonly Certainty[] = ['never', 'sometimes', 'always'];

function chained(
  iam: IamWorld,
  {
    subject,
    session,
    target,
    isOwnOnly,
  }: {
    readonly subject: Sessions['subject'];
    readonly session: RoleSession;
    readonly target: string;
    readonly isOwnOnly?: true;
  },
): Certainty {
  const keys = Object.keys(session.tags);
  const question = {
    ...{ subject, session, resource: target, closed: ['aws:RequestTag/'] },
    context: askedTags(session.tags),
    ...(isOwnOnly && { isOwnOnly }),
  };
  const answers = [iam.ask({ ...question, action: 'sts:AssumeRole' }).certainty];
  if (keys.length > 0) {
    const tag = { ...question, action: 'sts:TagSession' };
    answers.push(iam.ask(tag).certainty, iam.ask({ ...tag, isOwnOnly: true }).certainty);
  }
  return surest.find((one) => answers.includes(one)) ?? 'never';
}
