import type { PolicyKind } from '../../iam/document.ts';
import type { AwsAuth } from '../../identity/awsauth.ts';
import { lintAccessPolicy } from '../accesspolicylint/accesspolicylint.ts';
import type { ServedResources } from '../accesspolicylint/rule.ts';
import { lintAwsAuth } from '../awsauthlint/awsauthlint.ts';
import type { AwsAuthSource, YamlNode } from '../awsauthlint/source.ts';
import { lintPolicy } from '../policylint/policylint.ts';
import type { Finding } from '../policylint/rule.ts';
import type { SnapshotAccount, SnapshotCluster } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { isServiceLinked } from './names.ts';
import type { Borrowed } from './rule.ts';

/** What whoever knows YAML and Kubernetes' resources lends to the rules of others. */
export interface BorrowedInputs {
  /** The data of an aws-auth with places; absent: the decoded items are judged, without what was dropped of them. */
  readonly readAwsAuth?: (data: Readonly<Record<string, string>>) => AwsAuthSource | undefined;
  readonly served: ServedResources;
}

/** Conditions and statements that are never met: lesser than an error in a policy that is being written, and no access here. */
const neverMet: ReadonlySet<string> = new Set(['EW-POL-321', 'EW-POL-323', 'EW-POL-703']);

/**
 * What the rules for policies say of every document of an account, as far as it weighs: `security` and `error`, and what is
 * never met. AWS's own policies are AWS's matter, whoever has them.
 */
export function* inDocuments(account: SnapshotAccount): Generator<Borrowed> {
  const judged = new Map<string, readonly Finding[]>();
  const judge = (text: string, kind: PolicyKind): readonly Finding[] => {
    const key = `${kind} ${text}`;
    let findings = judged.get(key);
    if (findings === undefined) {
      findings = lintPolicy(text, kind).filter(
        ({ id, severity }) => severity === 'security' || severity === 'error' || neverMet.has(id),
      );
      judged.set(key, findings);
    }
    return findings;
  };
  function* document(arn: string, name: string, text: string, kind: PolicyKind): Generator<Borrowed> {
    const times = createTimes();
    for (const finding of judge(text, kind)) yield borrowed(finding, arn, name, times);
  }
  const attached = new Set<string>();
  const boundaries = new Set<string>();
  for (const principal of [...account.users, ...account.roles]) {
    for (const arn of principal.attachedPolicyArns) attached.add(arn);
    if (principal.permissionsBoundaryArn !== undefined) boundaries.add(principal.permissionsBoundaryArn);
  }
  for (const { attachedPolicyArns } of account.groups)
    for (const arn of attachedPolicyArns) attached.add(arn);
  for (const { arn, inlinePolicies } of [...account.users, ...account.roles, ...account.groups]) {
    for (const [name, text] of Object.entries(inlinePolicies)) {
      yield* document(arn, `inline policy ${name}`, text, 'identity');
    }
  }
  for (const { arn, trustPolicy } of account.roles) {
    if (!isServiceLinked(arn)) yield* document(arn, 'trust policy', trustPolicy, 'trust');
  }
  for (const { arn, document: text } of account.managedPolicies) {
    if (text === undefined || arn.includes(':iam::aws:')) continue;
    const kind = boundaries.has(arn) && !attached.has(arn) ? 'boundary' : 'identity';
    yield* document(arn, 'policy', text, kind);
  }
}

function borrowed(
  { id, rule, severity, statement, sid, element, message, hint }: Finding,
  arn: string,
  name: string,
  times: Times,
): Borrowed {
  const which =
    statement === undefined ? '' : `, statement ${sid === undefined ? statement + 1 : `"${sid}"`}`;
  return {
    ...{ id, rule, severity, subject: arn, object: name },
    message: `${name} of \`${arn}\`${which}${element === 'document' ? '' : `, ${element}`}: ${message}`,
    fix: hint ?? `narrow it: what passes stands at ${id} in docs/reference/policy-lint.md`,
    distinct: times.of(JSON.stringify([id, name, sid ?? '', element, message])),
    at: { thing: 'iam', arn },
  };
}

/** Tells those apart that are the same but for their place: by which of them it is, not by where, so that it stays. */
interface Times {
  of(what: string): string;
}

function createTimes(): Times {
  const seen = new Map<string, number>();
  return {
    of(what) {
      const time = seen.get(what) ?? 0;
      seen.set(what, time + 1);
      return time === 0 ? what : `${what} ${time}`;
    },
  };
}

/** `mapRoles[2].groups` → `mapRoles[].groups`: an item that comes or goes before it changes nothing. */
function withoutIndexes(text: string): string {
  return text.replace(/\[\d+\]/g, '[]');
}

/** What is said of an account's own access policies. */
export function* inAccessPolicies(account: SnapshotAccount, { served }: BorrowedInputs): Generator<Borrowed> {
  for (const { arn, name, rules } of account.accessPolicies) {
    const times = createTimes();
    for (const finding of lintAccessPolicy({ rules, served })) {
      const { id, name: rule, severity, message } = finding;
      yield {
        ...{ id, rule, severity, subject: arn, object: `rules[${finding.rule}]` },
        message: `rules[${finding.rule}] of access policy \`${name}\`: ${message}`,
        distinct: times.of(JSON.stringify([id, message])),
        at: { thing: 'iam', arn },
      };
    }
  }
}

/**
 * Other rules here tell of administrators, and of what is ignored as a whole. */
const toldHere: ReadonlySet<string> = new Set(['EW-AUTH-001', 'EW-AUTH-040']);

/** What is said of a cluster's aws-auth, where the mode lets it count. */
export function* inAwsAuth({ cluster }: ClusterWorld, { readAwsAuth }: BorrowedInputs): Generator<Borrowed> {
  const { awsAuth, authenticationMode, arn: clusterArn, ssoRoleMatch } = cluster;
  if (authenticationMode === 'API' || awsAuth === undefined) return;
  const times = createTimes();
  for (const finding of lintAwsAuth(sourceOf(cluster, awsAuth, readAwsAuth), {
    ssoRoleMatch: ssoRoleMatch === true,
  })) {
    const { id, rule, severity, element, message, hint } = finding;
    if (toldHere.has(id)) continue;
    yield {
      ...{ id, rule, severity, subject: clusterArn, object: `aws-auth ${element}` },
      message,
      ...(hint !== undefined && { fix: hint }),
      distinct: times.of(JSON.stringify([id, withoutIndexes(element), withoutIndexes(message)])),
      at: { thing: 'awsAuth', clusterArn },
    };
  }
}

function sourceOf(
  { awsAuthData }: SnapshotCluster,
  awsAuth: AwsAuth,
  read: BorrowedInputs['readAwsAuth'],
): AwsAuthSource {
  return (awsAuthData && read?.(awsAuthData)) ?? decodedSource(awsAuth);
}

const position = { line: 1, column: 1 };
const text = (value: string): YamlNode => ({ kind: 'text', position, text: value, isQuoted: true });
const list = (items: readonly YamlNode[]): YamlNode => ({ kind: 'list', position, items });
const map = (members: Readonly<Record<string, YamlNode>>): YamlNode => ({
  kind: 'map',
  position,
  members: Object.entries(members).map(([name, value]) => ({ name, position, value })),
});

/** The items that count, as if they had just been read. */
function decodedSource({ roles, users, accounts }: AwsAuth): AwsAuthSource {
  const names = ({
    username,
    groups,
  }: {
    readonly username: string;
    readonly groups: readonly string[];
  }) => ({
    username: text(username),
    groups: list(groups.map(text)),
  });
  const keys = {
    mapRoles: roles.map(({ rolearn, sso, ...item }) =>
      map({
        ...(rolearn !== undefined && { rolearn: text(rolearn) }),
        ...(sso !== undefined && {
          sso: map({
            permissionSetName: text(sso.permissionSetName),
            accountID: text(sso.accountID),
            ...(sso.partition !== undefined && { partition: text(sso.partition) }),
          }),
        }),
        ...names(item),
      }),
    ),
    mapUsers: users.map(({ userarn, ...item }) => map({ userarn: text(userarn), ...names(item) })),
    mapAccounts: accounts.map(text),
  };
  return {
    position,
    keys: Object.entries(keys)
      .filter(([, items]) => items.length > 0)
      .map(([name, items]) => ({
        name,
        position,
        value: { kind: 'yaml', isText: true, node: list(items) } as const,
      })),
  };
}
