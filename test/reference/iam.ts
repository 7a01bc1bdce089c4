import {
  any,
  arnSections,
  blockMet,
  type Doubtful,
  every,
  not,
  type ReferenceBlock,
  type ReferenceContext,
  textMatches,
} from './iamconditions.ts';

/**
 * The slow, obvious IAM evaluator: iam-facts B and E read aloud, without compiling or indexing anything. It is the
 * oracle that generated policies are compared with, so it shares no code with the engine. What cannot be judged is a
 * doubt: an Allow needs certainty, a Deny applies on doubt.
 */
export interface ReferenceStatement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: ReferencePrincipals;
  readonly NotPrincipal?: ReferencePrincipals;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: ReferenceBlock;
}

type ReferencePrincipals = '*' | Readonly<Record<string, string | readonly string[]>>;

export interface ReferencePolicy {
  readonly Version?: string;
  readonly Statement: ReferenceStatement | readonly ReferenceStatement[];
}

export type ReferenceCaller =
  | {
      readonly kind: 'root' | 'user' | 'assumedRole' | 'federatedUser';
      readonly accountId: string;
      readonly arn: string;
      readonly principalArn: string;
      readonly principalId: string;
      /** Of a federated user: who made the session. */
      readonly issuer?: { readonly arn: string; readonly principalId: string };
    }
  | { readonly kind: 'service'; readonly name: string };

export interface ReferenceRequest {
  readonly principal: ReferenceCaller;
  readonly action: string;
  readonly resource: string;
  readonly resourceAccountId: string;
  readonly context: ReferenceContext;
}

export interface ReferencePolicies {
  readonly identity: readonly ReferencePolicy[];
  readonly boundary?: ReferencePolicy;
  readonly session?: readonly ReferencePolicy[];
  /** On the resource; `isTrust` tells a role's trust policy. */
  readonly resource?: ReferencePolicy;
  readonly isTrust: boolean;
  /** Levels from root to account. */
  readonly scp?: readonly (readonly ReferencePolicy[])[];
  readonly rcp?: readonly (readonly ReferencePolicy[])[];
  /** Unique ids of the ARNs the policy on the resource names. */
  readonly pinned: Readonly<Record<string, string>>;
}

export type ReferenceResult = 'allowed' | 'explicitDeny' | 'implicitDeny';

/** How the caller is meant by one entry of a Principal element (E4). */
type Meant = 'caller' | 'issuer' | 'account' | 'doubt' | 'not';

export function referenceEvaluate(request: ReferenceRequest, policies: ReferencePolicies): ReferenceResult {
  const { principal } = request;
  const { resource, scp = [], rcp = [] } = policies;
  const isTrust = resource !== undefined && policies.isTrust;
  const isRoot = principal.kind === 'root';
  const isService = principal.kind === 'service';
  const identity = isRoot ? [] : policies.identity;
  const boundary = isRoot ? undefined : policies.boundary;
  const session = isRoot ? undefined : policies.session;
  const bounded = boundary !== undefined;

  const deniedBy = (policy: ReferencePolicy, place: Place): boolean =>
    statementsOf(policy, 'Deny').some((s) => matches(s, policy, request, policies, place, bounded) !== false);
  if (
    rcp.flat().some((policy) => deniedBy(policy, 'rcp')) ||
    (!isService && scp.flat().some((policy) => deniedBy(policy, 'bearer'))) ||
    [...identity, ...listOf(boundary), ...listOf(session)].some((policy) => deniedBy(policy, 'bearer')) ||
    (resource !== undefined && deniedBy(resource, isTrust ? 'trust' : 'resource'))
  ) {
    return 'explicitDeny';
  }

  const allows = (policy: ReferencePolicy): boolean =>
    statementsOf(policy, 'Allow').some(
      (s) => matches(s, policy, request, policies, 'bearer', bounded) === true,
    );
  if (!isService && !scp.every((level) => level.some(allows))) return 'implicitDeny';

  const grants = statementsOf(resource ?? { Statement: [] }, 'Allow')
    .filter(
      (s) =>
        matches(
          s,
          resource as ReferencePolicy,
          request,
          policies,
          isTrust ? 'trust' : 'resource',
          bounded,
        ) === true,
    )
    .flatMap((s) =>
      entriesOf(s.Principal).map((entry) => meant(entry, request, policies, isTrust ? 'trust' : 'resource')),
    );
  const granted = grants.some((one) => one === 'caller' || one === 'issuer' || one === 'account');
  const sameAccount = !isService && principal.accountId === request.resourceAccountId;
  if (!granted && (isTrust || !sameAccount)) return 'implicitDeny';
  if (isService || isRoot) return 'allowed';
  if (sameAccount && grants.includes('caller')) return 'allowed';

  const byIdentity = identity.some(allows) || (sameAccount && grants.includes('issuer'));
  const byBoundary = boundary === undefined || allows(boundary);
  const bySession = session === undefined ? principal.kind !== 'federatedUser' : session.some(allows);
  return byIdentity && byBoundary && bySession ? 'allowed' : 'implicitDeny';
}

/** `bearer`: the policy is attached to who it speaks about. */
type Place = 'bearer' | 'trust' | 'resource' | 'rcp';

function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value as T];
}

function statementsOf(policy: ReferencePolicy, effect: string): readonly ReferenceStatement[] {
  return listOf(policy.Statement as ReferenceStatement[]).filter((statement) => statement.Effect === effect);
}

function matches(
  s: ReferenceStatement,
  policy: ReferencePolicy,
  request: ReferenceRequest,
  policies: ReferencePolicies,
  place: Place,
  bounded: boolean,
): Doubtful {
  const variables = policy.Version === '2012-10-17';
  const resource = (entry: unknown): Doubtful => resourceMatches(String(entry), request, variables);
  return every([
    place === 'bearer' || principalMatches(s, request, policies, place, bounded),
    actionMatches(s, request.action),
    s.NotResource !== undefined
      ? not(any(listOf(s.NotResource).map(resource)))
      : s.Resource === undefined || any(listOf(s.Resource).map(resource)),
    blockMet(s.Condition ?? {}, request.context, variables),
  ]);
}

function actionMatches(s: ReferenceStatement, action: string): boolean {
  const covers = (entry: unknown): boolean =>
    textMatches(String(entry).toLowerCase(), action.toLowerCase(), {}, false, { wild: true, fold: false }) ===
    true;
  return s.NotAction === undefined ? listOf(s.Action).some(covers) : !listOf(s.NotAction).some(covers);
}

function resourceMatches(
  entry: string,
  { resource, context }: ReferenceRequest,
  variables: boolean,
): Doubtful {
  if (entry === '*') return true;
  const pattern = arnSections(entry);
  if (pattern === undefined) return undefined;
  // Before the fifth colon a variable means nothing.
  if (variables && pattern.slice(1, 5).some((section) => section.includes('${'))) return undefined;
  if (resource === '*') return pattern.slice(1).every((section) => section === '*');
  const value = arnSections(resource);
  if (value === undefined) return false;
  return every(
    pattern.map((section, at) =>
      textMatches(section, value[at] ?? '', context, variables && at === 5, { wild: true, fold: false }),
    ),
  );
}

type Entry = readonly [type: string, value: string];

function entriesOf(principals: ReferencePrincipals | undefined): readonly Entry[] {
  if (principals === '*') return [['AWS', '*']];
  return Object.entries(principals ?? {}).flatMap(([type, values]) =>
    listOf(values).map((value): Entry => [type, String(value)]),
  );
}

function principalMatches(
  s: ReferenceStatement,
  request: ReferenceRequest,
  policies: ReferencePolicies,
  place: Place,
  bounded: boolean,
): Doubtful {
  const how = entriesOf(s.Principal ?? s.NotPrincipal).map((entry) => meant(entry, request, policies, place));
  const matched = any(how.map((one) => (one === 'doubt' ? undefined : one !== 'not')));
  if (s.Principal !== undefined) return matched;
  // NotPrincipal: with Allow it is not supported; a boundary is never spared; every part has to be listed.
  const { kind } = request.principal;
  const star = entriesOf(s.NotPrincipal).some(([type, value]) => type === 'AWS' && value === '*');
  const needed: readonly Meant[] =
    kind === 'service'
      ? ['caller']
      : kind === 'root'
        ? ['account']
        : kind === 'assumedRole'
          ? ['account', 'issuer', 'caller']
          : ['account', 'caller'];
  const spared = star ? kind !== 'service' : needed.every((one) => how.includes(one));
  if (spared && !bounded) return false;
  return s.Effect === 'Allow' ? undefined : true;
}

function meant(
  [type, value]: Entry,
  request: ReferenceRequest,
  { pinned }: ReferencePolicies,
  place: Place,
): Meant {
  const { principal } = request;
  if (type === 'AWS' && value === '*' && place === 'rcp') return 'caller';
  if (principal.kind === 'service') {
    if (type === 'AWS' && value === '*') return 'doubt';
    return type === 'Service' && value === principal.name ? 'caller' : 'not';
  }
  if (type !== 'AWS') return 'not';
  // In a trust policy everybody is nobody in particular: the account decides.
  if (value === '*') return place === 'trust' ? 'account' : 'caller';
  const { kind, accountId, arn, principalArn, principalId, issuer } = principal;
  if (value === accountId || value === `arn:aws:iam::${accountId}:root`) return 'account';
  if (kind === 'root') return 'not';
  if (value.startsWith('arn:aws:sts:')) return value === arn ? 'caller' : 'not';
  // A user is the caller itself; a role stands for its sessions, a user for the federated sessions it made.
  const closeness: Meant = kind === 'user' ? 'caller' : 'issuer';
  const id = kind === 'federatedUser' ? issuer?.principalId : principalId;
  const name = kind === 'federatedUser' ? issuer?.arn : principalArn;
  if (/^A(ID|RO)A[A-Z2-7]+$/.test(value)) return value === id ? closeness : 'not';
  if (pinned[value] !== undefined) return pinned[value] === id ? closeness : 'not';
  return value === name ? 'doubt' : 'not';
}
