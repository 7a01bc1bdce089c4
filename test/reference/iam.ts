/**
 * The slow, obvious IAM evaluator: iam-facts B and E read aloud, without compiling anything. It is the oracle that
 * generated policies are compared with, so it shares no code with the engine. Conditions and policy variables are in
 * doubt, as in the engine: an Allow needs certainty, a Deny applies on doubt.
 */
export interface ReferenceStatement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: '*' | Readonly<Record<string, string | readonly string[]>>;
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly NotResource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface ReferencePolicy {
  readonly Version?: string;
  readonly Statement: ReferenceStatement | readonly ReferenceStatement[];
}

export interface ReferenceRequest {
  readonly principal: {
    readonly kind: 'root' | 'user' | 'assumedRole';
    readonly accountId: string;
    readonly arn: string;
    readonly principalArn: string;
    readonly principalId: string;
  };
  readonly action: string;
  readonly resource: string;
  readonly resourceAccountId: string;
}

export interface ReferencePolicies {
  readonly identity: readonly ReferencePolicy[];
  readonly boundary?: ReferencePolicy;
  readonly session?: readonly ReferencePolicy[];
  readonly trust?: ReferencePolicy;
  /** Unique ids of the ARNs the trust policy names. */
  readonly pinned: Readonly<Record<string, string>>;
}

export type ReferenceResult = 'allowed' | 'explicitDeny' | 'implicitDeny';

export function referenceEvaluate(request: ReferenceRequest, policies: ReferencePolicies): ReferenceResult {
  const isRoot = request.principal.kind === 'root';
  const identity = isRoot ? [] : policies.identity;
  const boundary = isRoot ? undefined : policies.boundary;
  const session = isRoot ? undefined : policies.session;
  const { trust, pinned } = policies;

  const everything = [...identity, ...listOf(boundary), ...listOf(session), ...listOf(trust)];
  if (
    everything.some((policy) => statementsOf(policy, 'Deny').some((s) => could(s, policy, request, pinned)))
  ) {
    return 'explicitDeny';
  }
  const allows = (policy: ReferencePolicy): boolean =>
    statementsOf(policy, 'Allow').some((s) => must(s, policy, request, pinned));

  const sameAccount = request.principal.accountId === request.resourceAccountId;
  const byIdentity = isRoot || identity.some(allows);
  const byBoundary = boundary === undefined || allows(boundary);
  const bySession = session === undefined || session.some(allows);
  if (trust === undefined) {
    if (!sameAccount) return 'implicitDeny';
    return byIdentity && byBoundary && bySession ? 'allowed' : 'implicitDeny';
  }
  if (!allows(trust)) return 'implicitDeny';
  if (
    sameAccount &&
    statementsOf(trust, 'Allow').some(
      (s) => must(s, trust, request, pinned) && namesDirectly(s, request, pinned),
    )
  ) {
    return 'allowed';
  }
  if (
    sameAccount &&
    statementsOf(trust, 'Allow').some((s) => must(s, trust, request, pinned) && namesRole(s, request, pinned))
  ) {
    return byBoundary && bySession ? 'allowed' : 'implicitDeny';
  }
  return byIdentity && byBoundary && bySession ? 'allowed' : 'implicitDeny';
}

function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value as T];
}

function statementsOf(policy: ReferencePolicy, effect: string): readonly ReferenceStatement[] {
  return listOf(policy.Statement as ReferenceStatement[]).filter((statement) => statement.Effect === effect);
}

type Pinned = Readonly<Record<string, string>>;

/** Matches for certain. */
function must(
  s: ReferenceStatement,
  policy: ReferencePolicy,
  request: ReferenceRequest,
  pinned: Pinned,
): boolean {
  return (
    (s.Principal === undefined ||
      principalEntries(s).some((entry) => names(entry, request, pinned) === true)) &&
    actionMatches(s, request.action) &&
    (s.NotResource !== undefined
      ? listOf(s.NotResource).every((entry) => resourceMatches(entry as string, policy, request) === false)
      : s.Resource === undefined ||
        listOf(s.Resource).some((entry) => resourceMatches(entry as string, policy, request) === true)) &&
    Object.keys(s.Condition ?? {}).length === 0
  );
}

/** Matches, or nobody can say. */
function could(
  s: ReferenceStatement,
  policy: ReferencePolicy,
  request: ReferenceRequest,
  pinned: Pinned,
): boolean {
  return (
    (s.Principal === undefined ||
      principalEntries(s).some((entry) => names(entry, request, pinned) !== false)) &&
    actionMatches(s, request.action) &&
    (s.NotResource !== undefined
      ? listOf(s.NotResource).every((entry) => resourceMatches(entry as string, policy, request) !== true)
      : s.Resource === undefined ||
        listOf(s.Resource).some((entry) => resourceMatches(entry as string, policy, request) !== false))
  );
}

function actionMatches(s: ReferenceStatement, action: string): boolean {
  const covers = (entry: string): boolean => like(entry.toLowerCase(), action.toLowerCase());
  return s.NotAction === undefined
    ? listOf(s.Action).some((entry) => covers(entry as string))
    : !listOf(s.NotAction).some((entry) => covers(entry as string));
}

function resourceMatches(
  entry: string,
  policy: ReferencePolicy,
  request: ReferenceRequest,
): boolean | 'unknown' {
  if (entry === '*') return true;
  if (policy.Version === '2012-10-17' && entry.includes('${')) return 'unknown';
  const pattern = sections(entry);
  if (request.resource === '*') return pattern.slice(1).every((section) => section === '*');
  const value = sections(request.resource);
  return pattern.every((section, index) => like(section, value[index] ?? ''));
}

function sections(arn: string): readonly string[] {
  const [a = '', b = '', c = '', d = '', e = '', ...rest] = arn.split(':');
  return [a, b, c, d, e, rest.join(':')];
}

function like(pattern: string, value: string): boolean {
  const source = [...pattern]
    .map((c) => (c === '*' ? '[^]*' : c === '?' ? '[^]' : c.replace(/[.+^${}()|[\]\\/-]/g, '\\$&')))
    .join('');
  return new RegExp(`^${source}$`).test(value);
}

function principalEntries(s: ReferenceStatement): readonly string[] {
  if (s.Principal === '*') return ['*'];
  return listOf(s.Principal?.AWS).map((entry) => entry as string);
}

function names(entry: string, { principal }: ReferenceRequest, pinned: Pinned): boolean | 'unknown' {
  if (entry === '*' || entry === principal.accountId) return true;
  if (entry === `arn:aws:iam::${principal.accountId}:root`) return true;
  if (/^A(ID|RO)A[A-Z2-7]+$/.test(entry)) return principal.kind !== 'root' && entry === principal.principalId;
  if (principal.kind === 'root') return false;
  if (entry.startsWith('arn:aws:sts:')) return principal.kind === 'assumedRole' && entry === principal.arn;
  if (pinned[entry] !== undefined) return pinned[entry] === principal.principalId;
  return entry === principal.principalArn ? 'unknown' : false;
}

/** The caller itself, not its account and not everybody: user ARN or id, session ARN. */
function namesDirectly(s: ReferenceStatement, request: ReferenceRequest, pinned: Pinned): boolean {
  const { kind, arn, principalId } = request.principal;
  return principalEntries(s).some(
    (entry) =>
      names(entry, request, pinned) === true &&
      ((kind === 'user' && (entry === arn || entry === principalId || pinned[entry] === principalId)) ||
        (kind === 'assumedRole' && entry === arn)),
  );
}

/** The role of the caller's session. */
function namesRole(s: ReferenceStatement, request: ReferenceRequest, pinned: Pinned): boolean {
  const { kind, principalArn, principalId } = request.principal;
  return principalEntries(s).some(
    (entry) =>
      names(entry, request, pinned) === true &&
      kind === 'assumedRole' &&
      (entry === principalArn || entry === principalId || pinned[entry] === principalId),
  );
}
