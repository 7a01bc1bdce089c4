import { parsePrincipalArn } from '../../arn/principalarn.ts';
import type { ClusterWorld, SubjectDecision } from '../world/cluster.ts';
import { attributesOf, type Question } from '../world/question.ts';
import type { ClusterSubject } from '../world/subject.ts';

/**
 * As `ClusterWorld.can`, and where a session of a role is named as that session alone: what another one may, because its
 * name makes it another user, is no answer for this one.
 */
export function decideIn(
  cluster: ClusterWorld,
  subject: ClusterSubject,
  question: Question,
  sessionName: string | undefined,
): SubjectDecision {
  if (sessionName === undefined || subject.kind !== 'iam' || subject.type !== 'role')
    return cluster.can(subject, question);
  // An instance's name is known to EC2 alone.
  if (cluster.sessionsOf(subject).some(({ privateDnsName }) => privateDnsName !== undefined))
    return cluster.can(subject, question);
  const { identities, refusal } = cluster.identitiesIn(subject, { sessionName });
  const [found] = identities;
  if (found === undefined) return { allowed: false, ...(refusal && { refusal }) };
  const [usual] = cluster.identitiesOf(subject).identities;
  const { sessionName: _any, ...plain } = found;
  const identity = usual?.sessionName === undefined ? plain : found;
  const decision = cluster.authorizer.authorize(attributesOf(question, identity.user));
  return decision.decision === 'allow'
    ? { allowed: true, identity, decision }
    : { allowed: false, identity, decision };
}

/** The name in the ARN of a role's session; undefined for anybody else. */
export function sessionNameIn(text: string): string | undefined {
  const named = parsePrincipalArn(text.replace(/^iam:/, ''));
  return named?.kind === 'assumedRole' ? named.sessionName : undefined;
}
