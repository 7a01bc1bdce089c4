import type { IamDecision } from './decision.ts';

/** What the text is about. `principalArn` is the session's ARN for roles (iam-facts G9). */
export interface Denial {
  readonly principalArn: string;
  readonly action: string;
  /** As shown: for actions without a resource AWS may show a synthetic ARN (iam-facts G8). */
  readonly resource: string;
  readonly decision: IamDecision;
  /** Name the policy of an explicit deny, as AWS does inside one account or organization only (iam-facts G3). */
  readonly namePolicy?: boolean;
}

/**
 * AWS's text for a refused request (iam-facts G1, G2). It names the kind of policy that refused, and the policy only
 * when told to: the caller may not be allowed to know it; the evidence is for the operator.
 */
export function denialText({ principalArn, action, resource, decision, namePolicy = false }: Denial): string {
  const base = `User: ${principalArn} is not authorized to perform: ${action} on resource: ${resource}`;
  const reason = reasonOf(decision, action);
  if (reason === undefined) return base;
  const policyArn =
    decision.decision === 'explicitDeny' ? decision.statements[0]?.statement.policy.arn : undefined;
  return `${base} ${reason}${namePolicy && policyArn !== undefined ? `: ${policyArn}` : ''}`;
}

function reasonOf({ decision, step }: IamDecision, action: string): string | undefined {
  const policy = policyNames[step];
  if (policy === undefined) return undefined;
  return decision === 'explicitDeny'
    ? `with an explicit deny in ${policy.article} ${policy.name}`
    : `because no ${policy.name} allows the ${action} action`;
}

const policyNames: Readonly<
  Record<IamDecision['step'], { readonly article: string; readonly name: string } | undefined>
> = {
  identity: { article: 'an', name: 'identity-based policy' },
  boundary: { article: 'a', name: 'permissions boundary' },
  session: { article: 'a', name: 'session policy' },
  resource: { article: 'a', name: 'resource-based policy' },
  trust: { article: 'the', name: 'role trust policy' },
  account: { article: 'a', name: 'resource-based policy' },
  scp: { article: 'a', name: 'service control policy' },
  rcp: { article: 'a', name: 'resource control policy' },
  root: undefined,
  credential: undefined,
};
