import { accessPolicyArn } from '../../accesspolicies/catalogue.ts';
import { customPolicyArn } from '../../accesspolicies/custom.ts';
import { reservedPrefix } from '../../identity/reserved.ts';
import { subjectOf } from '../iamworld/allowers.ts';
import type { IamQuestion } from '../iamworld/answer.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { KnownPrincipal } from '../world/principals.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import {
  type Ask,
  assuming,
  both,
  iamNode,
  nameOf,
  type Permitted,
  permitted,
  resourcesInReach,
  rootSubject,
  stepOf,
  surest,
} from './asking.ts';
import type { IamAdmins } from './iamadmins.ts';
import { nodeKey, type ReachNode } from './node.ts';
import type { StepRules } from './rules.ts';
import type { ReachStep, StepCode } from './step.ts';

/** The last part of the ARN of an entry, which no snapshot tells. */
const anyEntryId = '00000000-0000-0000-0000-000000000000';

const eksActions = [
  'eks:AssociateAccessPolicy',
  'eks:UpdateAccessEntry',
  'eks:CreateAccessEntry',
  'entryway:PutBreakGlassPrincipal',
  'entryway:UpdateAccessPolicy',
  'entryway:PutClusterConnection',
] as const;

/** From an IAM principal of a cluster's account into the cluster, by the APIs of EKS and our own. */
export function createEksSteps(
  world: World,
  { iam, admins }: { readonly iam: IamWorld; readonly admins: IamAdmins },
): StepRules {
  const { principals, snapshot } = world;
  const { partition } = snapshot;
  const adminPolicy = accessPolicyArn('AmazonEKSClusterAdminPolicy', partition);
  const clusterByArn = new Map(world.clusters.map((cluster) => [cluster.cluster.arn, cluster]));

  /** The entry's ARN, in each form in which the subject's policies may speak of it. */
  const entryArns = (subject: IamSubject, { cluster }: ClusterWorld, action: string): readonly string[] => {
    const kind = subject.type === 'root' ? 'root' : subject.type;
    const path = `${kind}/${subject.accountId}/${nameOf(subject.arn)}`;
    const start = `arn:${partition}:eks:${cluster.region}:${cluster.accountId}:access-entry/${cluster.name}/${path}/`;
    const fallback = start + anyEntryId;
    return resourcesInReach(iam, subject, action, { fallback, within: `${start}*` });
  };

  const onOwnEntry = (
    ask: Ask,
    subject: IamSubject,
    cluster: ClusterWorld,
    question: Pick<IamQuestion, 'action' | 'context'>,
  ): Permitted | undefined => {
    const isThere = cluster.entry(subject.arn) !== undefined;
    // What an entry that is made for this purpose says of itself.
    const created = {
      ...{ 'eks:principalArn': subject.arn, 'eks:accessEntryType': 'STANDARD' },
      ...{ 'eks:username': [], 'eks:kubernetesGroups': [] },
    };
    const context = { ...(isThere ? {} : created), ...question.context };
    return surest(
      entryArns(subject, cluster, question.action).map((resource) =>
        permitted(ask, { subject, ...question, resource, context }),
      ),
    );
  };

  /** Entries count, or can be made to. */
  const entriesCount = (ask: Ask, subject: IamSubject, { cluster }: ClusterWorld): Permitted | undefined => {
    if (cluster.authenticationMode !== 'CONFIG_MAP') return nothingNeeded;
    return permitted(ask, {
      ...{ subject, action: 'eks:UpdateClusterConfig', resource: cluster.arn },
      context: { 'eks:authenticationMode': 'API_AND_CONFIG_MAP' },
    });
  };

  const associates = (ask: Ask, subject: IamSubject, cluster: ClusterWorld, policyArn: string) =>
    onOwnEntry(ask, subject, cluster, {
      action: 'eks:AssociateAccessPolicy',
      context: { 'eks:policyArn': policyArn, 'eks:accessScope': 'cluster', 'eks:namespaces': [] },
    });

  const creates = (ask: Ask, subject: IamSubject, { cluster }: ClusterWorld, context: object) =>
    permitted(ask, {
      ...{ subject, action: 'eks:CreateAccessEntry', resource: cluster.arn },
      context: {
        ...{ 'eks:principalArn': subject.arn, 'eks:accessEntryType': 'STANDARD' },
        ...{ 'eks:username': [], 'eks:kubernetesGroups': [], ...context },
      },
    });

  /** With an entry of its own, there or made, and this policy for the whole cluster. */
  const withPolicy = (ask: Ask, subject: IamSubject, cluster: ClusterWorld, policyArn: string) => {
    const counts = entriesCount(ask, subject, cluster);
    if (counts === undefined) return undefined;
    const associated = associates(ask, subject, cluster, policyArn);
    if (associated === undefined) return undefined;
    const entry = cluster.entry(subject.arn);
    if (entry !== undefined) {
      return entry.type === 'STANDARD' ? { isThere: true, by: both(counts, associated) } : undefined;
    }
    const created = creates(ask, subject, cluster, {});
    return created && { isThere: false, by: both(both(counts, created), associated) };
  };

  const changesOwnPolicy = (subject: IamSubject, cluster: ClusterWorld): Permitted | undefined => {
    if (cluster.cluster.authenticationMode === 'CONFIG_MAP') return undefined;
    const own = cluster.entry(subject.arn)?.associatedPolicies ?? [];
    return surest(
      own
        .filter(
          ({ policyArn, accessScope }) =>
            accessScope.type === 'cluster' && !policyArn.includes(':aws:cluster-access'),
        )
        .map(({ policyArn }) =>
          permitted(iam.ask, { subject, action: 'entryway:UpdateAccessPolicy', resource: policyArn }),
        ),
    );
  };

  const createsPolicy = (subject: IamSubject, cluster: ClusterWorld): Permitted | undefined => {
    const action = 'entryway:CreateAccessPolicy';
    const fallback = customPolicyArn({ partition, accountId: subject.accountId, name: 'ANY' });
    return surest(
      resourcesInReach(iam, subject, action, { fallback, within: fallback.replace('ANY', '*') }).map(
        (resource) => {
          const created = permitted(iam.ask, { subject, action, resource });
          const given = created && withPolicy(iam.ask, subject, cluster, resource);
          return created && given && both(created, given.by);
        },
      ),
    );
  };

  function* adminWays(subject: IamSubject, cluster: ClusterWorld): Generator<ReachStep> {
    const { arn, name, authenticationMode } = cluster.cluster;
    const nodes = { from: { kind: 'iam', subject }, to: { kind: 'clusterAdmin', clusterArn: arn } } as const;
    const way = (code: StepCode, message: string, by: Permitted | undefined): readonly ReachStep[] =>
      by === undefined ? [] : [stepOf(code, nodes, message, by)];
    const ask = (action: string) => permitted(iam.ask, { subject, action, resource: arn });
    const own = withPolicy(iam.ask, subject, cluster, adminPolicy);
    if (own !== undefined) {
      const code = own.isThere ? 'associateAccessPolicy' : 'createAccessEntry';
      const gives = own.isThere ? 'gives its own access entry' : 'makes itself an access entry with';
      yield* way(code, `${gives} AmazonEKSClusterAdminPolicy on cluster \`${name}\``, own.by);
    }
    if (subject.type !== 'root') {
      const message = `makes itself the break-glass principal of cluster \`${name}\``;
      yield* way('breakGlass', message, ask('entryway:PutBreakGlassPrincipal'));
    }
    const message = `writes an access policy that allows everything, and has it on cluster \`${name}\``;
    yield* way('changeAccessPolicy', message, changesOwnPolicy(subject, cluster));
    yield* way('changeAccessPolicy', message, createsPolicy(subject, cluster));
    if (authenticationMode !== 'API') {
      const connects = ask('entryway:PutClusterConnection');
      yield* way(
        'replaceConnection',
        `has the aws-auth of cluster \`${name}\` read from a server of its own`,
        connects && assuming(connects, `\`${name}\` is a connected cluster`),
      );
    }
    const self = subject.type === 'root' ? undefined : principals.named(subject.arn);
    const admin = self && admins.of(self);
    const asAdmin = (ask: Ask) => admin && withPolicy(ask, admin.actor, cluster, adminPolicy)?.by;
    const freed = asAdmin(iam.askWithoutOwnPolicies);
    const raised =
      asAdmin(iam.askAsAdministrator) ??
      (freed && assuming(freed, 'it can take away what its own policies deny'));
    if (admin === undefined || raised === undefined) return;
    const how = `${admin.message}, then makes itself administrator of cluster \`${name}\` with an access entry`;
    yield* way('administerIam', how, both(admin.by, raised));
  }

  /** An entry's own groups and name: EKS takes none that begin like a system's (eks-access-facts B21, B28). */
  const asName = (
    subject: IamSubject,
    cluster: ClusterWorld,
    to: ReachNode & { readonly kind: 'kubernetes' },
  ): ReachStep | undefined => {
    const { kind, name } = to.subject;
    if (kind === 'ServiceAccount' || reservedPrefix(name) !== undefined) return undefined;
    const entry = cluster.entry(subject.arn);
    const counts = entriesCount(iam.ask, subject, cluster);
    if (counts === undefined || (entry !== undefined && entry.type !== 'STANDARD')) return undefined;
    const key = kind === 'Group' ? { 'eks:kubernetesGroups': [name] } : { 'eks:username': name };
    const changed =
      entry === undefined
        ? creates(iam.ask, subject, cluster, key)
        : onOwnEntry(iam.ask, subject, cluster, { action: 'eks:UpdateAccessEntry' });
    if (changed === undefined) return undefined;
    const [code, what] =
      kind === 'Group'
        ? (['entryGroups', 'the group'] as const)
        : (['entryUsername', 'the username'] as const);
    const makes = entry === undefined ? 'makes itself an access entry with' : 'gives its own access entry';
    const from = { kind: 'iam', subject } as const;
    return stepOf(code, { from, to }, `${makes} ${what} \`${name}\``, both(counts, changed));
  };

  const step = (subject: IamSubject, cluster: ClusterWorld, to: ReachNode): ReachStep | undefined => {
    // Nothing opens the APIs of EKS to another account.
    if (subject.standing !== 'exists' || subject.accountId !== cluster.cluster.accountId) return undefined;
    if (to.kind === 'kubernetes') return asName(subject, cluster, to);
    if (to.kind !== 'clusterAdmin') return undefined;
    let best: ReachStep | undefined;
    for (const way of adminWays(subject, cluster)) {
      if (way.certainty === 'always') return way;
      best ??= way;
    }
    return best;
  };

  const candidates = new Map<string, ReadonlySet<KnownPrincipal>>();
  const candidatesOf = (accountId: string): ReadonlySet<KnownPrincipal> => {
    let found = candidates.get(accountId);
    if (found === undefined) {
      const all = eksActions.flatMap((action) => [...iam.allowers.ofAny(action)]);
      found = new Set([
        ...all.filter((principal) => principal.accountId === accountId),
        ...admins.inAccount(accountId),
      ]);
      candidates.set(accountId, found);
    }
    return found;
  };

  return {
    *into(to, isKnown) {
      const cluster = to.kind === 'iam' ? undefined : clusterByArn.get(to.clusterArn);
      if (cluster === undefined || (to.kind === 'kubernetes' && to.subject.kind === 'ServiceAccount')) return;
      const { accountId } = cluster.cluster;
      const subjects = [...candidatesOf(accountId)].map(subjectOf);
      for (const subject of [...subjects, rootSubject(partition, accountId)]) {
        if (isKnown(nodeKey({ kind: 'iam', subject }))) continue;
        const found = step(subject, cluster, to);
        if (found !== undefined) yield found;
      }
    },
    *from(from, isKnown) {
      if (from.kind !== 'iam') return;
      const { subject } = from;
      const self = subject.type === 'root' ? undefined : principals.named(subject.arn);
      for (const cluster of world.clusters) {
        const { arn, accountId } = cluster.cluster;
        if (accountId !== subject.accountId) continue;
        if (self !== undefined && !candidatesOf(accountId).has(self)) continue;
        const { users, groups } = cluster.bound;
        const nodes: readonly ReachNode[] = [
          { kind: 'clusterAdmin', clusterArn: arn },
          ...[...groups].map((name) => namedNode(arn, 'Group', name)),
          ...[...users].map((name) => namedNode(arn, 'User', name)),
        ];
        for (const to of nodes) {
          if (isKnown(nodeKey(to))) continue;
          const found = step(self === undefined ? subject : iamNode(self).subject, cluster, to);
          if (found !== undefined) yield found;
        }
      }
    },
  };
}

const nothingNeeded: Permitted = { certainty: 'always', conditions: [], evidence: [] };

function namedNode(clusterArn: string, kind: 'Group' | 'User', name: string): ReachNode {
  return { kind: 'kubernetes', clusterArn, subject: { kind, namespace: '', name } };
}
