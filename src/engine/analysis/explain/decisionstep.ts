import type { Decision, DecisionEvidence } from '../../authorizer/decision.ts';
import type { NearMissCode } from '../../authorizer/misses.ts';
import type { SubjectDecision } from '../world/cluster.ts';
import type { Question } from '../world/question.ts';
import { anySession } from '../world/sessions.ts';
import type { ExplainStep } from './explanation.ts';
import { questionText } from './questiontext.ts';

/** What to do next about the nearest miss. */
export const decisionHints: Readonly<Record<NearMissCode, string>> = {
  impersonated: 'ask without impersonation (--as), or bind the impersonated name by RBAC',
  recreatedPrincipal:
    'delete the access entry and create it again, once you know who re-created the principal',
  awaitsFirstUse: 'sign in once as the principal, so that the entry is tied to it',
  expired: 'have the association renewed, if it is still needed',
  scopeLacksNamespace: 'add the namespace to the scope of the policy, or name one it holds in with -n',
  otherNamespace: 'bind the role in this namespace as well, or name the namespace it is bound in with -n',
  namesUnpublished: 'bind a role by RBAC: what this policy allows depends on names that AWS does not publish',
  missingRole: 'make the role that the binding names, or bind one that exists',
  unpublishedPolicy: 'associate a policy whose rules are known, or bind a role by RBAC',
  unknownPolicy: 'associate a policy that exists: the ARN of this one names none',
  noRule: 'give a role or policy that allows it, or add the rule to one that is there',
  noPolicies: 'associate an access policy with the entry, or bind one of its groups by RBAC',
  modeIgnoresEntries:
    'bind the user or one of its groups by RBAC: access policies do not count in mode `CONFIG_MAP`',
  noBinding: 'bind a role to the user or one of its groups',
  noEntry: 'create an access entry with a policy, or bind the user or one of its groups by RBAC',
  noPrincipal: 'bind the user or one of its groups by RBAC: access policies are for IAM principals',
};

/** identity → decision: what allowed it, or what came nearest. */
export function decisionStep({ decision, identity }: SubjectDecision, question: Question): ExplainStep {
  if (decision === undefined) {
    return {
      step: 'decision',
      outcome: 'notReached',
      code: 'notReached',
      message: 'not reached: an earlier step failed',
      misses: [],
    };
  }
  const { evidence } = decision;
  const common = { step: 'decision', code: evidence.by, evidence: { kind: 'decision', decision } } as const;
  if (decision.decision === 'allow') {
    return { ...common, outcome: 'passed', message: grantText(evidence, identity?.sessionName), misses: [] };
  }
  return { ...common, outcome: 'failed', ...refusalOf(decision, question) };
}

/** The same for a decision that comes without a walk: of a token's request, of a record. */
function refusalOf(
  { evidence }: Decision,
  question: Question,
): Pick<ExplainStep, 'message' | 'misses' | 'hint'> {
  const misses = evidence.by === 'nothing' ? evidence.misses : [];
  const told = misses.map(({ code, message }) => ({ code, message, ...hintFor(code) }));
  const [nearest] = told;
  return {
    message: `nothing allows ${questionText(question)}`,
    misses: told,
    hint: nearest?.hint ?? decisionHints.noBinding,
  };
}

function hintFor(code: string): { readonly hint?: string } {
  return Object.hasOwn(decisionHints, code) ? { hint: decisionHints[code as NearMissCode] } : {};
}

function grantText(evidence: DecisionEvidence, sessionName: string | undefined): string {
  const session =
    sessionName === undefined || sessionName === anySession
      ? ''
      : `, for a session named \`${sessionName}\` alone`;
  switch (evidence.by) {
    case 'systemMasters':
      return 'a member of `system:masters` may do everything';
    case 'accessPolicy': {
      const { policyArn, accessScope, principalArn, expiresAt } = evidence;
      const name = policyArn.slice(policyArn.lastIndexOf('/') + 1);
      const namespaces = accessScope.namespaces.map((one) => `\`${one}\``).join(', ');
      const where = accessScope.type === 'cluster' ? 'in the whole cluster' : `in ${namespaces}`;
      const end = expiresAt === undefined ? '' : ` until ${new Date(expiresAt).toISOString()}`;
      return `access policy \`${name}\` of entry \`${principalArn}\` allows it ${where}${end}${session}`;
    }
    case 'rbac': {
      const { binding, role, subject } = evidence;
      const where = binding.namespace === '' ? '' : ` in namespace \`${binding.namespace}\``;
      const to = subject.kind === 'ServiceAccount' ? `${subject.namespace}/${subject.name}` : subject.name;
      return `${binding.kind} \`${binding.name}\`${where} gives ${role.kind} \`${role.name}\` to ${subject.kind} \`${to}\`${session}`;
    }
    case 'nothing':
      return 'nothing';
    default:
      return evidence satisfies never;
  }
}
