import { parsePrincipalArn } from '../../arn/principalarn.ts';
import type { ClusterWorld, SubjectDecision, SubjectIdentities } from '../world/cluster.ts';
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
  const found = inSession(cluster, subject, sessionName);
  if (found === undefined) return cluster.can(subject, question);
  const [identity] = found.identities;
  if (identity === undefined) return { allowed: false, ...(found.refusal && { refusal: found.refusal }) };
  const decision = cluster.authorizer.authorize(attributesOf(question, identity.user));
  return decision.decision === 'allow'
    ? { allowed: true, identity, decision }
    : { allowed: false, identity, decision };
}

/** As `ClusterWorld.identitiesOf`, and where a session of a role is named who that session is. */
export function identitiesAs(
  cluster: ClusterWorld,
  subject: ClusterSubject,
  sessionName: string | undefined,
): SubjectIdentities {
  return inSession(cluster, subject, sessionName) ?? cluster.identitiesOf(subject);
}

/** Undefined where the session is who every session of the role is, or who it is hangs on more than its name. */
function inSession(
  cluster: ClusterWorld,
  subject: ClusterSubject,
  sessionName: string | undefined,
): SubjectIdentities | undefined {
  if (sessionName === undefined || subject.kind !== 'iam' || subject.type !== 'role') return undefined;
  // An instance's name is known to EC2 alone.
  if (cluster.sessionsOf(subject).some(({ privateDnsName }) => privateDnsName !== undefined))
    return undefined;
  const found = cluster.identitiesIn(subject, { sessionName });
  const [usual] = cluster.identitiesOf(subject).identities;
  const isUsual = found.identities.length > 0 && usual !== undefined && usual.sessionName === undefined;
  return isUsual ? undefined : found;
}

/** The name in the ARN of a role's session; undefined for anybody else. */
export function sessionNameIn(text: string): string | undefined {
  const named = parsePrincipalArn(text.replace(/^iam:/, ''));
  return named?.kind === 'assumedRole' ? named.sessionName : undefined;
}
