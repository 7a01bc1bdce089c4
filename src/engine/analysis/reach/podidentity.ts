import { podIdentityAudience } from '../../podcredentials/names.ts';
import { subjectOf } from '../iamworld/allowers.ts';
import type { IamQuestion, RoleSession } from '../iamworld/answer.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import { openValue } from '../iamworld/opencontext.ts';
import type { SnapshotPodIdentityAssociation } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { askedTags } from './askedtags.ts';
import { assuming, type Permitted, surest } from './asking.ts';
import type { KnownRole, Trusts } from './trusts.ts';
import type { AccountName, WorkloadRole } from './workload.ts';
import {
  granted,
  inTurn,
  type NamedRole,
  type Needed,
  namedRole,
  refused,
  type WorkloadWay,
} from './workloadasking.ts';

/** The roles that Pod Identity gives the pods of service accounts. */
export interface PodIdentity {
  /**
   * By the association of the service account: one way, also where it is of no use. Where associations are not known, or not
   * all, a way to each role that trusts Pod Identity for it, on the assumption that there is an association.
   */
  waysOf(cluster: ClusterWorld, account: AccountName): readonly WorkloadRole[];
  /**
   * The same ways, those to one role: of the associations that lead to it, and of those of `accounts` that may have one; of
   * those that are wanted alone.
   */
  waysTo(
    cluster: ClusterWorld,
    role: IamSubject,
    accounts: Iterable<AccountName>,
    isWanted: (account: AccountName) => boolean,
  ): Iterable<WorkloadRole>;
}

export function createPodIdentity(
  world: World,
  { iam, trusts }: { readonly iam: IamWorld; readonly trusts: Trusts },
): PodIdentity {
  /** What EKS Auth needs of the trust policy; with the tags of the session, or without (eks-access-facts J8). */
  function* serviceNeeds(
    { role, subject: { arn } }: NamedRole,
    { cluster }: ClusterWorld,
    tags: RoleSession['tags'],
  ): Generator<Needed> {
    const keys = Object.keys(tags);
    const context = {
      ...{
        'sts:ExternalId': [],
        // EKS says for which cluster it asks, as the services tell it (services/authorization/context.ts).
        'aws:SourceArn': cluster.arn,
        'aws:SourceAccount': cluster.accountId,
      },
      ...askedTags(tags),
    };
    for (const action of ['sts:AssumeRole', ...(keys.length > 0 ? ['sts:TagSession'] : [])]) {
      yield {
        ...{ who: `service \`${podIdentityAudience}\``, action, resource: arn },
        ask: () =>
          iam.askOutsider({
            outsider: { kind: 'service', name: podIdentityAudience },
            ...{ action, role, context, closed: ['aws:RequestTag/'] },
          }),
      };
    }
  }

  /** What the role needs to become the target: its tags come with it, which both sides must allow (iam-facts E13). */
  function* targetNeeds(
    subject: IamSubject,
    session: RoleSession,
    { targetArn, externalId }: { readonly targetArn: string; readonly externalId: string | undefined },
  ): Generator<Needed> {
    const keys = Object.keys(session.tags);
    const question = {
      ...{ subject, session, resource: targetArn, closed: ['aws:RequestTag/'] },
      context: {
        ...askedTags(session.tags),
        ...(externalId !== undefined && { 'sts:ExternalId': externalId }),
      },
    } as const;
    const need = (action: string, more: Pick<IamQuestion, 'isOwnOnly'> = {}): Needed => ({
      ...{ who: `role \`${subject.arn}\``, action, resource: targetArn },
      ask: () => iam.ask({ ...question, action, ...more }),
    });
    yield need('sts:AssumeRole');
    if (keys.length === 0) return;
    yield need('sts:TagSession');
    yield need('sts:TagSession', { isOwnOnly: true });
  }

  const ofAssociation = (
    cluster: ClusterWorld,
    account: AccountName,
    association: SnapshotPodIdentityAssociation,
  ): WorkloadRole => {
    const { roleArn, targetRoleArn, externalId, policy, disableSessionTags } = association;
    const tags = disableSessionTags ? {} : podTags(cluster, account);
    const first = namedRole(world, roleArn);
    const last = targetRoleArn === undefined ? first : namedRole(world, targetRoleArn);
    const way: WorkloadWay = {
      mechanism: 'podIdentity',
      ...{ cluster, account, role: last.subject, association },
      ...(targetRoleArn !== undefined && { via: first.subject }),
      session: { tags, ...(policy !== undefined && { policy }) },
      isDelivered: true,
    };
    if ('refusal' in first) return refused(way, first.refusal);
    if (first.subject.accountId !== cluster.cluster.accountId) {
      const message = `Pod Identity gives roles of account \`${cluster.cluster.accountId}\` alone, the cluster's: role \`${roleArn}\` is of another`;
      return refused(way, { code: 'otherAccount', message });
    }
    const served = inTurn(serviceNeeds(first, cluster, tags));
    if (served.refusal) return refused(way, served.refusal, served.by);
    if ('refusal' in last) return refused(way, last.refusal, served.by);
    if (targetRoleArn === undefined) return granted(way, served.by);
    const target = { targetArn: targetRoleArn, externalId };
    const chained = inTurn(targetNeeds(first.subject, { tags }, target), served.by);
    return chained.refusal ? refused(way, chained.refusal, chained.by) : granted(way, chained.by);
  };

  const known = new WeakMap<SnapshotPodIdentityAssociation, WorkloadRole>();
  const wayOf = (cluster: ClusterWorld, association: SnapshotPodIdentityAssociation): WorkloadRole => {
    let found = known.get(association);
    if (found === undefined) {
      const { namespace, serviceAccount: name } = association;
      found = ofAssociation(cluster, { namespace, name }, association);
      known.set(association, found);
    }
    return found;
  };

  const remembered = new Map<string, Permitted | undefined>();
  /** Any association that there may be: with tags or without. */
  const trusted = (role: KnownRole, cluster: ClusterWorld, account: AccountName): Permitted | undefined => {
    // One answer for all where the policy does not speak of tags: there are thousands of service accounts.
    const isSame = !/requesttag|tagkeys/i.test(role.record.trustPolicy);
    const own = isSame ? '' : ` ${account.namespace}/${account.name}`;
    const key = `${role.record.arn} ${cluster.cluster.arn}${own}`;
    if (!remembered.has(key)) {
      const named = { role, subject: subjectOf(role) };
      const ways = [podTags(cluster, account), {}].map((tags) => inTurn(serviceNeeds(named, cluster, tags)));
      remembered.set(key, surest(ways.map(({ by, refusal }) => (refusal ? undefined : by))));
    }
    return remembered.get(key);
  };

  const perhaps = (cluster: ClusterWorld, account: AccountName, role: KnownRole): readonly WorkloadRole[] => {
    // The role is of the cluster's account (eks-access-facts J6).
    if (role.accountId !== cluster.cluster.accountId) return [];
    if (!trusts.of(role).services.includes(podIdentityAudience)) return [];
    const by = trusted(role, cluster, account);
    if (by === undefined) return [];
    const associated = `an association of cluster \`${cluster.cluster.name}\` gives it the role`;
    const way: WorkloadWay = {
      mechanism: 'podIdentity',
      ...{ cluster, account, role: subjectOf(role), isDelivered: false },
      // Nobody knows whether it has tags, or a policy.
      session: { tags: withOpenValues(podTags(cluster, account)) },
    };
    return [granted(way, assuming(by, associated))];
  };

  return {
    waysOf(cluster, account) {
      const association = cluster.associations.of(account.namespace, account.name);
      if (association !== undefined) return [wayOf(cluster, association)];
      if (cluster.associations.areAll) return [];
      return trusts.ofService(podIdentityAudience).flatMap((role) => perhaps(cluster, account, role));
    },
    *waysTo(cluster, role, accounts, isWanted) {
      for (const association of cluster.associations.leadingTo(role.arn)) {
        const { namespace, serviceAccount: name } = association;
        if (!isWanted({ namespace, name })) continue;
        yield wayOf(cluster, association);
      }
      const known = world.principals.named(role.arn);
      if (cluster.associations.areAll || known?.kind !== 'role' || known.record.arn !== role.arn) return;
      if (!trusts.of(known).services.includes(podIdentityAudience)) return;
      for (const account of accounts) {
        if (cluster.associations.of(account.namespace, account.name) !== undefined) continue;
        if (!isWanted(account)) continue;
        yield* perhaps(cluster, account, known);
      }
    },
  };
}

/** The six tags of the session (eks-access-facts J8); which pod it is nobody knows before. */
function podTags({ cluster }: ClusterWorld, { namespace, name }: AccountName): RoleSession['tags'] {
  return {
    'eks-cluster-arn': cluster.arn,
    'eks-cluster-name': cluster.name,
    'kubernetes-namespace': namespace,
    'kubernetes-service-account': name,
    'kubernetes-pod-name': openValue,
    'kubernetes-pod-uid': openValue,
  };
}

function withOpenValues(tags: RoleSession['tags']): RoleSession['tags'] {
  return Object.fromEntries(Object.keys(tags).map((key) => [key, openValue]));
}
