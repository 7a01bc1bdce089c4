import { podIdentityAudience } from '../../podcredentials/names.ts';
import type { AccountName } from '../reach/workload.ts';

/**
 * Trust policies as JSON, to be changed: what is not touched stays as it was written. The grammar was checked where the text
 * was read.
 */
export interface TrustDocument {
  readonly Statement: readonly TrustStatement[];
  readonly [member: string]: unknown;
}

export type TrustStatement = Readonly<Record<string, unknown>>;

/** Undefined: is no policy. A lone statement becomes a list of one, which means the same. */
export function readTrust(text: string): TrustDocument | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(document)) return undefined;
  const statements: unknown = document.Statement;
  const list: readonly unknown[] = Array.isArray(statements) ? statements : [statements];
  return list.every(isObject) ? { ...document, Statement: list } : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One line of JSON, as which texts are compared. */
export function trustText(document: TrustDocument): string {
  return JSON.stringify(document);
}

/**
 * What Pod Identity needs, for these service accounts of the cluster and for nobody else: its session tags say who asks
 * (eks-access-facts J7, J8). A statement for each namespace, since conditions on two keys would allow every combination.
 *
 * SECURITY: without the conditions whoever may make associations in any cluster of the account would give the role to Pods.
 */
export function podIdentityStatements(
  clusterArn: string,
  accounts: readonly AccountName[],
): readonly TrustStatement[] {
  const byNamespace = new Map<string, string[]>();
  for (const { namespace, name } of accounts) {
    const names = byNamespace.get(namespace);
    if (names === undefined) byNamespace.set(namespace, [name]);
    else names.push(name);
  }
  return [...byNamespace].map(([namespace, names]) => ({
    Effect: 'Allow',
    Principal: { Service: podIdentityAudience },
    Action: ['sts:AssumeRole', 'sts:TagSession'],
    Condition: {
      StringEquals: {
        'aws:RequestTag/eks-cluster-arn': clusterArn,
        'aws:RequestTag/kubernetes-namespace': namespace,
        'aws:RequestTag/kubernetes-service-account': names.length === 1 ? names[0] : names,
      },
    },
  }));
}

/**
 * Whether a policy lets in nobody but whom the one before does and these service accounts of the cluster by Pod Identity: every
 * Deny of before is there, and each other statement is one of before, one of before for fewer subjects, or one for the service
 * accounts.
 *
 * SECURITY: a plan may come from a file; who else its policies let in, no comparison of service accounts would show.
 */
export function letsInNobodyElse(
  before: string,
  after: string,
  { clusterArn, accounts }: { readonly clusterArn: string; readonly accounts: readonly AccountName[] },
): boolean {
  const [was, is] = [readTrust(before), readTrust(after)];
  if (was === undefined || is === undefined) return false;
  const [known, written] = [was, is].map(
    ({ Statement }) => new Set(Statement.map((statement) => JSON.stringify(statement))),
  );
  if (known === undefined || written === undefined) return false;
  const denials = was.Statement.filter(({ Effect: effect }) => effect !== 'Allow');
  if (!denials.every((statement) => written.has(JSON.stringify(statement)))) return false;
  return is.Statement.every(
    (statement) =>
      known.has(JSON.stringify(statement)) ||
      isForPods(statement, clusterArn, accounts) ||
      was.Statement.some((one) => isNarrowed(one, statement)),
  );
}

/** Whether it is one that `podIdentityStatements` makes of some of the service accounts, to the last member. */
function isForPods(statement: TrustStatement, clusterArn: string, accounts: readonly AccountName[]): boolean {
  const { Condition: condition } = statement;
  const equals = isObject(condition) ? condition.StringEquals : undefined;
  if (!isObject(equals)) return false;
  const names = listOf(equals['aws:RequestTag/kubernetes-service-account']);
  const meant = accounts.filter(
    ({ namespace, name }) =>
      namespace === equals['aws:RequestTag/kubernetes-namespace'] && names.includes(name),
  );
  const made = podIdentityStatements(clusterArn, meant);
  return made.length === 1 && JSON.stringify(made[0]) === JSON.stringify(statement);
}

function isNarrowed(before: TrustStatement, after: TrustStatement): boolean {
  const provider = principalOf(before);
  if (typeof provider !== 'string') return false;
  const [was, is] = [subjectsOf(before, provider), subjectsOf(after, provider)];
  if (was === undefined || is === undefined || is.values.length === 0) return false;
  return (
    is.values.every((value) => was.values.includes(value)) &&
    JSON.stringify(was.with(is.values)) === JSON.stringify(is.with(is.values))
  );
}

export interface Withdrawal {
  readonly statements: readonly TrustStatement[];
  /** Of statements that stay for tokens of the provider: whom they are for, as they say it. */
  readonly kept: readonly string[];
}

/**
 * The statements without those that let in tokens of service accounts which have moved. One that lets in others, too, is
 * kept for these; one whose subjects are not told one by one is kept as it is: who else uses it nobody knows.
 */
export function withoutTokens(
  statements: readonly TrustStatement[],
  provider: string,
  moved: ReadonlySet<string>,
): Withdrawal {
  const kept: string[] = [];
  const left = statements.flatMap((statement): readonly TrustStatement[] => {
    if (!listOf(principalOf(statement)).includes(provider)) return [statement];
    const subjects = subjectsOf(statement, provider);
    if (subjects === undefined) {
      kept.push(describe(statement, provider));
      return [statement];
    }
    const others = subjects.values.filter((subject) => !moved.has(subject));
    if (others.length === 0) return [];
    kept.push(...others);
    if (others.length === subjects.values.length) return [statement];
    return [subjects.with(others)];
  });
  return { statements: left, kept };
}

function principalOf({ Principal: principal }: TrustStatement): unknown {
  return isObject(principal) ? principal.Federated : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === undefined ? [] : [value];
}

/**
 * The subjects that a statement lets in, where it is for nothing else: one Allow for this provider alone and for tokens alone,
 * which compares the subject with names.
 */
function subjectsOf(
  statement: TrustStatement,
  provider: string,
): { readonly values: readonly string[]; with(values: readonly string[]): TrustStatement } | undefined {
  const { Effect: effect, Principal: principal, Action: action, Condition: condition } = statement;
  const isPlain =
    effect === 'Allow' &&
    isObject(principal) &&
    Object.keys(principal).length === 1 &&
    listOf(principalOf(statement)).length === 1 &&
    listOf(action).length > 0 &&
    listOf(action).every(
      // Tags in a token are of no use but to whom it lets in.
      (one) => typeof one === 'string' && /^sts:(?:assumerolewithwebidentity|tagsession)$/i.test(one),
    );
  if (!isPlain || !isObject(condition)) return undefined;
  const key = `${provider.replace(/^.*:oidc-provider\//, '')}:sub`.toLowerCase();
  const found: { operator: string; name: string; values: readonly string[] }[] = [];
  for (const [operator, block] of Object.entries(condition)) {
    if (!isObject(block)) return undefined;
    for (const [name, value] of Object.entries(block)) {
      if (name.toLowerCase() !== key) continue;
      if (!/^String(?:Equals|Like)$/i.test(operator)) return undefined;
      const values = listOf(value).filter((one) => typeof one === 'string');
      if (values.length !== listOf(value).length || values.some((one) => /[*?$]/.test(one))) return undefined;
      found.push({ operator, name, values });
    }
  }
  const [only] = found;
  if (only === undefined || found.length > 1) return undefined;
  const { operator, name, values } = only;
  return {
    values,
    with(rest) {
      const block = { ...(condition[operator] as object), [name]: rest.length === 1 ? rest[0] : rest };
      return { ...statement, Condition: { ...condition, [operator]: block } };
    },
  };
}

function describe({ Condition: condition }: TrustStatement, provider: string): string {
  const host = provider.replace(/^.*:oidc-provider\//, '');
  const values = isObject(condition)
    ? Object.values(condition).flatMap((block) =>
        isObject(block) ? listOf(block[`${host}:sub`]).filter((one) => typeof one === 'string') : [],
      )
    : [];
  return values.length === 0 ? 'everybody with a token of the cluster' : values.join(', ');
}

/** As IAM counts a policy (iam-facts A12). */
export function trustLength(text: string): number {
  return text.replace(/\s/g, '').length;
}
