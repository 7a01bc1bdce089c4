import type { Certainty, IamAnswer, RoleSession } from '../iamworld/answer.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import { openValue } from '../iamworld/opencontext.ts';
import type { ReachCondition } from '../reach/step.ts';
import type { IamSubject } from '../world/subject.ts';

/** Roles that become another by assuming roles. */
export interface Chains {
  /** Those from which it may be possible, whatever session of them one has; nearest first. */
  readonly roles: readonly IamSubject[];
  /** How this session of the role gets there; undefined: it does not. */
  path(role: IamSubject, session: RoleSession): Chain | undefined;
}

export interface Chain {
  /** ARNs of the roles that it assumes, one after the other; the wanted one is the last. */
  readonly assumed: readonly string[];
  readonly certainty: Exclude<Certainty, 'never'>;
  readonly conditions: readonly ReachCondition[];
}

/**
 * The chains that end in a role. `mayAssume` says who may assume a role in some session: an index. Which session may is asked
 * of IAM for each step: what a pod's session is tagged with goes along, and decides as far as the last role.
 */
export function chainsTo(
  wanted: IamSubject,
  {
    iam,
    mayAssume,
  }: { readonly iam: IamWorld; readonly mayAssume: (roleArn: string) => Iterable<IamSubject> },
): Chains {
  const roles: IamSubject[] = [wanted];
  const seen = new Set([wanted.arn]);
  /** What a role may assume; of those that are nearer to the wanted one first. */
  const nextOf = new Map<string, IamSubject[]>();
  for (let at = 0; at < roles.length; at++) {
    const next = roles[at];
    if (next === undefined) break;
    for (const role of mayAssume(next.arn)) {
      const known = nextOf.get(role.arn);
      if (known === undefined) nextOf.set(role.arn, [next]);
      else known.push(next);
      if (seen.has(role.arn)) continue;
      seen.add(role.arn);
      roles.push(role);
    }
  }

  const path = (
    role: IamSubject,
    session: RoleSession,
    been: Set<string> = new Set([role.arn]),
  ): Chain | undefined => {
    for (const next of nextOf.get(role.arn) ?? []) {
      if (been.has(next.arn)) continue;
      const step = assumes(iam, { role, session }, next.arn);
      if (step === undefined) continue;
      been.add(next.arn);
      if (next.arn === wanted.arn) return { assumed: [next.arn], ...step };
      // Every tag of a pod's session is handed on; its policy, and who vouched for it, are not.
      const rest = path(next, { tags: session.tags }, been);
      if (rest === undefined) continue;
      return {
        assumed: [next.arn, ...rest.assumed],
        certainty: rest.certainty === 'always' ? step.certainty : 'sometimes',
        conditions: [...step.conditions, ...rest.conditions],
      };
    }
    return undefined;
  };
  return { roles: roles.slice(1), path: (role, session) => path(role, session) };
}

/** What a session needs for the next role: where it has tags they go along, which its own policies must allow too (iam-facts E13). */
function assumes(
  iam: IamWorld,
  { role: subject, session }: { readonly role: IamSubject; readonly session: RoleSession },
  resource: string,
): Omit<Chain, 'assumed'> | undefined {
  const question = { subject, session, resource };
  const tag = { ...question, action: 'sts:TagSession' };
  // Of an association that nobody read it is not known whether its sessions have tags at all.
  const isTagged = Object.values(session.tags).some((value) => value !== openValue);
  const needed: readonly (() => IamAnswer)[] = [
    () => iam.ask({ ...question, action: 'sts:AssumeRole' }),
    ...(isTagged ? [() => iam.ask(tag), () => iam.ask({ ...tag, isOwnOnly: true as const })] : []),
  ];
  const answers: IamAnswer[] = [];
  for (const ask of needed) {
    const answer = ask();
    if (answer.certainty === 'never') return undefined;
    answers.push(answer);
  }
  return {
    certainty: answers.every(({ certainty }) => certainty === 'always') ? 'always' : 'sometimes',
    conditions: answers.flatMap(({ conditions }) => conditions),
  };
}
