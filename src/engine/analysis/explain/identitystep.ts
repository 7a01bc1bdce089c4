import type { IdentityRefusalCode } from '../../identity/resolve.ts';
import type { ClusterWorld, SubjectDecision, SubjectIdentities } from '../world/cluster.ts';
import type { ClusterSubject, IamSubject } from '../world/subject.ts';
import { subjectKey } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import type { ExplainMiss, ExplainStep } from './explanation.ts';
import { identityMisses, namesakes } from './identitymisses.ts';

/** Why a principal is nobody in a cluster: what `resolveIdentity` says, and what is known before it is asked. */
export type IdentityStepCode = IdentityRefusalCode | 'blocked' | 'missingPrincipal';

/** What to do next, for every reason there is. */
export const identityHints: Readonly<Record<IdentityStepCode, string>> = {
  noMapping: 'create an access entry for the principal, or use one that has access',
  recreatedPrincipal:
    'make sure that whoever re-created the principal is who should have access, then delete the entry and create it again',
  entryOtherPath: 'create the entry again with the ARN that the principal has now',
  awsAuthPath: 'write the ARN in aws-auth without its path, or create an access entry, which keeps the path',
  modeIgnoresAwsAuth:
    'create an access entry for the principal: mode `API` does not read aws-auth, and there is no way back',
  modeIgnoresEntries:
    'let access entries count with mode `API_AND_CONFIG_MAP`, or add the principal to aws-auth',
  entryArnMismatch: 'delete the entry and create one for the ARN that the principal has now',
  reservedName:
    'give the mapping a username and groups that do not begin with system:, eks:, aws:, amazon: or iam:',
  emptyUsername: 'give the mapping a username',
  emptyPlaceholder: 'take the placeholder out of the username and groups: this caller has no value for it',
  noInstanceId:
    'use a role that is not for nodes: this mapping is for EC2 instances, whose sessions are named by their id',
  awaitsFirstUse:
    'sign in once with a token of the principal: the entry is tied to the first that AWS vouches for',
  unknownInstance:
    'tell the server the names of instances with `entryway serve --instances FILE` or `--ec2 aws`',
  blocked: 'ask who made the block and why: `entryway block list`',
  missingPrincipal:
    'check the name and the account; where the principal was deleted, delete what still maps it',
};

/** caller, then identity: who it is, whether they exist, and who they are in the cluster. */
export function identitySteps(
  world: World,
  cluster: ClusterWorld,
  subject: ClusterSubject,
  decided: SubjectDecision,
): readonly ExplainStep[] {
  if (subject.kind !== 'iam') return kubernetesSteps(subject, decided);
  const { refusal } = cluster.identitiesOf(subject);
  const caller = callerStep(world, subject, refusal);
  if (caller.outcome === 'failed') return [caller, notReached('identity')];
  return [caller, identityStep(world, cluster, subject, decided)];
}

function notReached(step: ExplainStep['step']): ExplainStep {
  return {
    step,
    outcome: 'notReached',
    code: 'notReached',
    message: 'not reached: an earlier step failed',
    misses: [],
  };
}

export function callerStep(
  world: World,
  subject: IamSubject,
  refusal: SubjectIdentities['refusal'],
): ExplainStep {
  const { arn, principalId, standing } = subject;
  if (refusal?.code === 'missingPrincipal' || refusal?.code === 'blocked') {
    return {
      step: 'caller',
      outcome: 'failed',
      code: refusal.code,
      message: refusal.message,
      misses: refusal.code === 'missingPrincipal' ? namesakes(world, subject) : [],
      hint: identityHints[refusal.code],
    };
  }
  if (standing === 'unlisted') {
    return {
      step: 'caller',
      outcome: 'notVerified',
      code: 'unlisted',
      message: `\`${arn}\` is taken to exist: the IAM of account \`${subject.accountId}\` was not read`,
      misses: [],
    };
  }
  const id = principalId === '' ? '' : ` with unique id \`${principalId}\``;
  return { step: 'caller', outcome: 'passed', code: 'exists', message: `\`${arn}\` exists${id}`, misses: [] };
}

function identityStep(
  world: World,
  cluster: ClusterWorld,
  subject: IamSubject,
  decided: SubjectDecision,
): ExplainStep {
  const { identity } = decided;
  if (identity !== undefined) {
    const { user, mapped, sessionName } = identity;
    return {
      step: 'identity',
      outcome: 'passed',
      code: mapped?.code ?? 'named',
      message: mapped?.message ?? `user \`${user.username}\``,
      misses: [],
      evidence: {
        kind: 'identity',
        username: user.username,
        uid: user.uid,
        groups: user.groups,
        ...(sessionName !== undefined && { sessionName }),
        ...(mapped !== undefined && { mappedBy: mapped.mappedBy }),
      },
    };
  }
  const refusal = decided.allowed ? undefined : decided.refusal;
  const code = refusal?.code ?? 'noMapping';
  return {
    step: 'identity',
    outcome: 'failed',
    code,
    message: refusal?.message ?? `nothing maps principal \`${subject.arn}\` to a Kubernetes user`,
    misses: [...observed(code, refusal?.hint), ...identityMisses(world, cluster, subject, code)],
    hint: hintOf(code),
  };
}

/** The decider's own hint, where it tells what is there and not what to do. */
function observed(code: string, hint: string | undefined): readonly ExplainMiss[] {
  return hint === undefined || code === 'noMapping' ? [] : [{ code, message: hint }];
}

export function hintOf(code: string): string {
  return Object.hasOwn(identityHints, code)
    ? identityHints[code as IdentityStepCode]
    : 'look at what maps the principal with `entryway entry list` and in aws-auth';
}

/** Whoever is named as Kubernetes knows them needs no mapping. */
function kubernetesSteps(
  subject: Exclude<ClusterSubject, IamSubject>,
  { identity }: SubjectDecision,
): readonly ExplainStep[] {
  return [
    {
      step: 'identity',
      outcome: 'passed',
      code: 'named',
      message: `\`${subjectKey(subject)}\` is asked about as Kubernetes knows it`,
      misses: [],
      ...(identity !== undefined && {
        evidence: {
          kind: 'identity',
          username: identity.user.username,
          uid: identity.user.uid,
          groups: identity.user.groups,
        },
      }),
    },
  ];
}
