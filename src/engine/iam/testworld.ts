import { type CompiledPolicy, compileStoredPolicy } from './compile.ts';
import type { IamDecision, PolicySource } from './decision.ts';
import type { PolicyKind } from './document.ts';
import { evaluate, type PolicySet } from './evaluate.ts';
import type { EvaluationRequest, RequestPrincipal } from './request.ts';

/** The people and the policies of this folder's tests. */
export const own = '111122223333';
export const other = '444455556666';
export const cluster = `arn:aws:eks:eu-west-1:${own}:cluster/prod`;
export const role = `arn:aws:iam::${own}:role/team/target`;

/** Somebody with an ARN. */
type Named = Extract<RequestPrincipal, { readonly kind: 'root' | 'user' | 'assumedRole' }>;

export const ada: Named = {
  kind: 'user',
  accountId: own,
  partition: 'aws',
  arn: `arn:aws:iam::${own}:user/ada`,
  principalArn: `arn:aws:iam::${own}:user/ada`,
  principalId: 'AIDAADAAAAAAAAAAAAAAA',
};
export const stranger: Named = {
  ...ada,
  accountId: other,
  arn: `arn:aws:iam::${other}:user/eve`,
  principalArn: `arn:aws:iam::${other}:user/eve`,
  principalId: 'AIDAEVEAAAAAAAAAAAAAA',
};
export const session: Named = {
  kind: 'assumedRole',
  accountId: own,
  partition: 'aws',
  arn: `arn:aws:sts::${own}:assumed-role/dev/s-1`,
  principalArn: `arn:aws:iam::${own}:role/path/dev`,
  principalId: 'AROADEVAAAAAAAAAAAAAA',
};
export const root: Named = {
  kind: 'root',
  accountId: own,
  partition: 'aws',
  arn: `arn:aws:iam::${own}:root`,
  principalArn: `arn:aws:iam::${own}:root`,
  principalId: own,
};

const pinned = {
  [ada.arn]: ada.principalId,
  [stranger.arn]: stranger.principalId,
  [session.principalArn]: session.principalId,
};

type Parts = Readonly<Record<string, unknown>>;
const statement = (Effect: string, parts: Parts) => ({ Effect, Action: '*', Resource: '*', ...parts });
export const allow = (parts: Parts = {}) => statement('Allow', parts);
export const deny = (parts: Parts = {}) => statement('Deny', parts);
export const trusts = (...AWS: string[]) => ({
  Effect: 'Allow',
  Principal: { AWS },
  Action: 'sts:AssumeRole',
});

export function policy(
  kind: PolicyKind,
  statements: readonly object[],
  version = '2012-10-17',
): CompiledPolicy {
  const source: PolicySource = { type: kind === 'identity' ? 'inline' : kind, name: `my-${kind}` };
  return compileStoredPolicy(
    JSON.stringify({ Version: version, Statement: statements }),
    kind,
    source,
    pinned,
  );
}
export const identity = (...statements: object[]): PolicySet => ({
  identity: statements.length === 0 ? [] : [policy('identity', statements)],
});

/** May Ada describe the cluster, unless something else is asked? */
export function ask(change: Partial<EvaluationRequest>, policies: PolicySet): IamDecision {
  return evaluate(
    { principal: ada, action: 'eks:DescribeCluster', resource: cluster, resourceAccountId: own, ...change },
    policies,
  );
}
