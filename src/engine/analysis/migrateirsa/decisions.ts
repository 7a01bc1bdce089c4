import type { ConditionEntry, Statement } from '../../iam/document.ts';
import { parsePolicy } from '../../iam/parse.ts';
import type { Certainty, RoleSession } from '../iamworld/answer.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import { concrete } from '../reach/asking.ts';
import type { Trusts } from '../reach/trusts.ts';
import type { SnapshotRole } from '../snapshot/snapshot.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { chainChanges } from './chains.ts';
import type { IrsaPlan } from './plan.ts';
import { createWays } from './ways.ts';

/** What a session of Pod Identity is told otherwise than one of IRSA with the same role. */
export interface DecisionChange {
  readonly roleArn: string;
  /** `NAMESPACE/NAME` of those whom it is about. */
  readonly serviceAccounts: readonly string[];
  /** `mayDiffer`: a statement reads what differs between the sessions, and what follows is not all known. */
  readonly verdict: 'gains' | 'loses' | 'mayDiffer';
  /** In our message style. */
  readonly message: string;
}

/**
 * Six session tags that Pod Identity gives and IRSA does not (eks-access-facts J8), and the other way round what a provider
 * says of a session.
 */
const tagNames =
  'eks-cluster-arn|eks-cluster-name|kubernetes-namespace|kubernetes-service-account|kubernetes-pod-name|kubernetes-pod-uid';
const differing = new RegExp(`^aws:(?:principaltag/(?:${tagNames})|federatedprovider|userid)$`, 'i');

/** All that differs for those who move: by statements that read tags, and by roles that they go on to. */
export function decisionChanges(
  before: World,
  after: World,
  plan: Pick<IrsaPlan, 'clusterArn' | 'associations'>,
): readonly DecisionChange[] {
  const [was, is] = [createWays(before), createWays(after)];
  const cluster = before.clusters.find((one) => one.cluster.arn === plan.clusterArn);
  const later = after.clusters.find((one) => one.cluster.arn === plan.clusterArn);
  if (cluster === undefined || later === undefined) return [];
  const changes = new Map<string, DecisionChange & { readonly serviceAccounts: string[] }>();
  for (const { namespace, serviceAccount: name, roleArn } of plan.associations) {
    const account = { namespace, name };
    const token = was.byToken(cluster, account, roleArn);
    const tagged = is.byAssociation(later, account);
    const known = before.principals.named(roleArn);
    const areWays =
      token?.certainty !== 'never' && tagged?.certainty !== 'never' && tagged?.role.arn === roleArn;
    if (token === undefined || tagged === undefined || !areWays || known?.kind !== 'role') continue;
    const sessions: Sessions = {
      ...{ subject: token.role, before: token.session, after: tagged.session },
      ...{ iamBefore: was.iam, iamAfter: is.iam, trusts: was.trusts, isRead: before.principals.isRead },
    };
    for (const { verdict, message } of [
      ...policyChange(sessions),
      ...statementChanges(known.record, before, sessions),
      ...chainChanges(sessions),
    ]) {
      const key = `${roleArn} ${verdict} ${message}`;
      const told = changes.get(key) ?? { roleArn, verdict, message, serviceAccounts: [] };
      changes.set(key, told);
      told.serviceAccounts.push(`${namespace}/${name}`);
    }
  }
  return [...changes.values()];
}

/** One role, with the session that its Pods have now and the one they are to have. */
export interface Sessions {
  readonly subject: IamSubject;
  readonly before: RoleSession;
  readonly after: RoleSession;
  readonly iamBefore: IamWorld;
  readonly iamAfter: IamWorld;
  /** As they are before: nothing but who gets roles by tokens and associations changes. */
  readonly trusts: Trusts;
  /** Whether all roles of the account are known. */
  isRead(accountId: string): boolean;
}

export type SessionChange = Pick<DecisionChange, 'verdict' | 'message'>;

const rank: Readonly<Record<Certainty, number>> = { never: 0, sometimes: 1, always: 2 };

/** Undefined: both are told the same. */
export function verdictOf(before: Certainty, after: Certainty): 'gains' | 'loses' | undefined {
  return before === after ? undefined : rank[after] > rank[before] ? 'gains' : 'loses';
}

/** Of an association that somebody has made before. */
function policyChange({ after }: Sessions): readonly SessionChange[] {
  return after.policy === undefined
    ? []
    : [{ verdict: 'mayDiffer', message: 'its association has a policy of its own, by which it may less' }];
}

/** Statements of the role's policies that read what differs. One whose sample is told the same may differ elsewhere. */
function statementChanges(role: SnapshotRole, world: World, sessions: Sessions): readonly SessionChange[] {
  return policiesOf(role, world).flatMap(({ label, text, kind }) => {
    const parsed = parsePolicy(text, kind);
    if (!parsed.ok) return [];
    return parsed.document.statements.flatMap((statement): readonly SessionChange[] => {
      const keys = keysRead(statement, sessions.before.provider);
      if (keys.length === 0) return [];
      const action = concrete(statement.action.entries[0]?.value ?? '*');
      const resource = concrete(statement.resource?.entries[0]?.value ?? '*');
      const asked = { subject: sessions.subject, action, resource };
      const was = sessions.iamBefore.ask({ ...asked, session: sessions.before }).certainty;
      const is = sessions.iamAfter.ask({ ...asked, session: sessions.after }).certainty;
      const verdict = verdictOf(was, is) ?? 'mayDiffer';
      const sample = `\`${action}\` on \`${resource}\``;
      const example =
        verdict === 'gains'
          ? `, so that ${sample} is allowed then`
          : verdict === 'loses'
            ? `, so that ${sample} is refused then`
            : '';
      return [
        {
          verdict,
          message: `statement ${statement.index + 1} of ${label} reads ${keys.map((key) => `\`${key}\``).join(', ')}, which Pod Identity changes${example}`,
        },
      ];
    });
  });
}

interface LabelledPolicy {
  readonly label: string;
  readonly text: string;
  readonly kind: 'identity' | 'boundary' | 'scp' | 'rcp';
}

/** All that limits a session of the role and was read. */
function policiesOf(role: SnapshotRole, { principals, snapshot }: World): readonly LabelledPolicy[] {
  const accountId = role.arn.split(':')[4] ?? '';
  const managed = (arn: string | undefined, kind: 'identity' | 'boundary'): readonly LabelledPolicy[] => {
    const text = arn === undefined ? undefined : principals.managedPolicy(accountId, arn);
    return text === undefined || arn === undefined ? [] : [{ label: `\`${arn}\``, text, kind }];
  };
  const { serviceControl = [], resourceControl = [] } = snapshot.guardrails ?? {};
  return [
    ...Object.entries(role.inlinePolicies).map(([name, text]) => ({
      ...{ label: `policy \`${name}\``, text, kind: 'identity' as const },
    })),
    ...role.attachedPolicyArns.flatMap((arn) => managed(arn, 'identity')),
    ...managed(role.permissionsBoundaryArn, 'boundary'),
    ...serviceControl
      .flat()
      .map((text) => ({ label: 'a service control policy', text, kind: 'scp' as const })),
    ...resourceControl
      .flat()
      .map((text) => ({ label: 'a resource control policy', text, kind: 'rcp' as const })),
  ];
}

/** Keys that differ: compared by conditions, or put into texts as variables. */
function keysRead(statement: Statement, provider: string | undefined): readonly string[] {
  const host = provider?.replace(/^.*:oidc-provider\//, '').toLowerCase();
  const differs = (key: string): boolean =>
    differing.test(key) || (host !== undefined && key.toLowerCase().startsWith(`${host}:`));
  const texts = [
    ...(statement.resource?.entries ?? []).map(({ value }) => value),
    ...statement.conditions.flatMap(({ values }: ConditionEntry) => values),
  ];
  const variables = texts.flatMap((text) =>
    [...text.matchAll(/\$\{([^}',]+)/g)].map(([, key = '']) => key.trim()),
  );
  const keys = [...statement.conditions.map(({ key }) => key), ...variables].filter(differs);
  return [...new Set(keys)];
}
