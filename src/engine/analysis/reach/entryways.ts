import { accessPolicyArn, findAccessPolicy, listAccessPolicies } from '../../accesspolicies/catalogue.ts';
import { customPolicyArn } from '../../accesspolicies/custom.ts';
import type { AccessScope } from '../../accesspolicies/scope.ts';
import type { IamQuestion } from '../iamworld/answer.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { pinsOf } from '../world/pins.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import {
  assuming,
  both,
  concrete,
  nameOf,
  type Permitted,
  type Posture,
  resourcesInReach,
  surest,
} from './asking.ts';
import { accountsBy } from './kubepowers.ts';

/** The last part of the ARN of an entry, which no snapshot tells. */
const anyEntryId = '00000000-0000-0000-0000-000000000000';

/** An access policy for a namespace; '' for the whole cluster. */
export interface AccessGrant {
  readonly policyArn: string;
  readonly namespace: string;
}

/** A change of one's entry, and whether the entry was there. */
export interface EntryChange {
  readonly isThere: boolean;
  readonly by: Permitted;
}

/** What somebody of a cluster's account may do with access entries: its own, or that of a `holder` it can be. */
export function createEntryWays(world: World) {
  const { partition } = world.snapshot;
  const pins = new Map<ClusterWorld, ReadonlyMap<string, string>>();
  const policies = new Map<string, readonly string[]>();

  /** Of the principal that it is now: one that was made anew has another entry to make (eks-access-facts B15). */
  const ownEntry = (holder: IamSubject, cluster: ClusterWorld) => {
    const entry = cluster.entry(holder.arn);
    if (entry === undefined) return { entry, isOwn: false };
    let ids = pins.get(cluster);
    if (ids === undefined) {
      ids = pinsOf(cluster.cluster, world.principals);
      pins.set(cluster, ids);
    }
    const pin = ids.get(holder.arn) ?? '';
    return { entry, isOwn: pin === '' || holder.principalId === '' || pin === holder.principalId };
  };

  /** The entry's ARN, in each form in which the posture's policies may speak of it. */
  const entryArns = (
    posture: Posture,
    { cluster }: ClusterWorld,
    holder: IamSubject,
    action: string,
  ): readonly string[] => {
    const kind = holder.type === 'root' ? 'root' : holder.type;
    const path = `${kind}/${holder.accountId}/${nameOf(holder.arn)}`;
    const start = `arn:${partition}:eks:${cluster.region}:${cluster.accountId}:access-entry/${cluster.name}/${path}/`;
    return resourcesInReach(posture, action, { fallback: start + anyEntryId, within: `${start}*` });
  };

  /** `made`: as the entry is once it was made for the purpose. */
  const onEntry = (
    posture: Posture,
    cluster: ClusterWorld,
    holder: IamSubject,
    { made = false, ...question }: Pick<IamQuestion, 'action' | 'context'> & { readonly made?: boolean },
  ): Permitted | undefined => {
    const ofMade = {
      ...{ 'eks:principalArn': holder.arn, 'eks:accessEntryType': 'STANDARD' },
      ...{ 'eks:username': [], 'eks:kubernetesGroups': [] },
    };
    const context = { ...(made ? ofMade : {}), ...question.context };
    return surest(
      entryArns(posture, cluster, holder, question.action).map((resource) =>
        posture.may({ action: question.action, resource, context }),
      ),
    );
  };

  /** Entries count, or can be made to. */
  const entriesCount = (posture: Posture, { cluster }: ClusterWorld): Permitted | undefined => {
    if (cluster.authenticationMode !== 'CONFIG_MAP') return nothingNeeded;
    return posture.may({
      ...{ action: 'eks:UpdateClusterConfig', resource: cluster.arn },
      context: { 'eks:authenticationMode': 'API_AND_CONFIG_MAP' },
    });
  };

  /** A new entry, in the place of one that is there and is no help. */
  const creates = (
    posture: Posture,
    cluster: ClusterWorld,
    holder: IamSubject,
    context: IamQuestion['context'] = {},
  ): Permitted | undefined => {
    const created = posture.may({
      ...{ action: 'eks:CreateAccessEntry', resource: cluster.cluster.arn },
      context: {
        ...{ 'eks:principalArn': holder.arn, 'eks:accessEntryType': 'STANDARD' },
        ...{ 'eks:username': [], 'eks:kubernetesGroups': [], ...context },
      },
    });
    if (created === undefined || cluster.entry(holder.arn) === undefined) return created;
    const deleted = onEntry(posture, cluster, holder, { action: 'eks:DeleteAccessEntry' });
    return deleted && both(deleted, created);
  };

  return {
    entriesCount,
    /** The grant on an entry of the holder: there and fit, or made. */
    withPolicy(
      posture: Posture,
      cluster: ClusterWorld,
      holder: IamSubject,
      { policyArn, namespace }: AccessGrant,
    ): EntryChange | undefined {
      const counts = entriesCount(posture, cluster);
      if (counts === undefined) return undefined;
      const context =
        namespace === ''
          ? { 'eks:policyArn': policyArn, 'eks:accessScope': 'cluster', 'eks:namespaces': [] }
          : { 'eks:policyArn': policyArn, 'eks:accessScope': 'namespace', 'eks:namespaces': [namespace] };
      const action = 'eks:AssociateAccessPolicy';
      const { entry, isOwn } = ownEntry(holder, cluster);
      if (entry?.type === 'STANDARD' && isOwn) {
        const associated = onEntry(posture, cluster, holder, { action, context });
        if (associated !== undefined) return { isThere: true, by: both(counts, associated) };
      }
      const associated = onEntry(posture, cluster, holder, { action, context, made: true });
      const created = associated && creates(posture, cluster, holder);
      return created && { isThere: false, by: both(both(counts, created), associated) };
    },
    /** Namespaces that the posture's policies name for associations: those that are there are perhaps not known. */
    namespacesNamed({ policies: own }: Posture): ReadonlySet<string> {
      const statements = own.flatMap(({ document }) => document?.statements ?? []);
      const conditions = statements.flatMap(({ conditions }) => conditions);
      return new Set(
        conditions
          .filter(({ key }) => key.toLowerCase() === 'eks:namespaces')
          .flatMap(({ values }) => values.map(concrete)),
      );
    },
    /** Its own entry with a group or a username, there or made. */
    withName(
      posture: Posture,
      cluster: ClusterWorld,
      key: 'eks:kubernetesGroups' | 'eks:username',
      name: string,
    ): EntryChange | undefined {
      const { subject } = posture;
      const counts = entriesCount(posture, cluster);
      if (counts === undefined) return undefined;
      const { entry, isOwn } = ownEntry(subject, cluster);
      if (entry?.type === 'STANDARD' && isOwn) {
        const changed = onEntry(posture, cluster, subject, { action: 'eks:UpdateAccessEntry' });
        if (changed !== undefined) return { isThere: true, by: both(counts, changed) };
      }
      const value = key === 'eks:username' ? name : [name];
      const created = creates(posture, cluster, subject, { [key]: value });
      return created && { isThere: false, by: both(counts, created) };
    },
    /** A policy that its own entry has where that is enough, with another text. Extension of ours. */
    changesPolicy(
      { subject, may }: Posture,
      cluster: ClusterWorld,
      isEnough: (scope: AccessScope) => boolean,
    ): Permitted | undefined {
      if (cluster.cluster.authenticationMode === 'CONFIG_MAP') return undefined;
      const { entry, isOwn } = ownEntry(subject, cluster);
      if (entry === undefined || !isOwn) return undefined;
      return surest(
        entry.associatedPolicies
          .filter(
            ({ policyArn, accessScope, expiresAt = Number.POSITIVE_INFINITY }) =>
              isEnough(accessScope) &&
              world.now < expiresAt &&
              findAccessPolicy(policyArn, partition) === undefined,
          )
          .map(({ policyArn }) => may({ action: 'entryway:UpdateAccessPolicy', resource: policyArn })),
      );
    },
    /** A policy of its own making, associated. Extension of ours. */
    createsPolicy(posture: Posture, cluster: ClusterWorld, namespace: string): Permitted | undefined {
      const { subject } = posture;
      const action = 'entryway:CreateAccessPolicy';
      const fallback = customPolicyArn({ partition, accountId: subject.accountId, name: 'ANY' });
      const arns = resourcesInReach(posture, action, { fallback, within: fallback.replace('ANY', '*') });
      return surest(
        arns.map((policyArn) => {
          const created = posture.may({ action, resource: policyArn });
          const given = created && this.withPolicy(posture, cluster, subject, { policyArn, namespace });
          return created && given && both(created, given.by);
        }),
      );
    },
    /** One of its own making says who is who: of anybody but those of the system (eks-access-facts K1, K3). */
    ownIdentityProvider({ may }: Posture, { cluster }: ClusterWorld): Permitted | undefined {
      const by = may({ action: 'eks:AssociateIdentityProviderConfig', resource: cluster.arn });
      return by && assuming(by, 'the cluster has no other identity provider by then');
    },
    /** Policies that let their bearer become service accounts, where they hold. */
    policiesToAccounts(accountId: string): readonly string[] {
      let found = policies.get(accountId);
      if (found === undefined) {
        const own = world.principals.account(accountId)?.accessPolicies ?? [];
        const all = [
          ...listAccessPolicies(partition).map(({ arn }) => ({
            arn,
            rules: findAccessPolicy(arn, partition)?.rules ?? [],
          })),
          ...own,
        ];
        found = all.filter(({ rules }) => accountsBy(rules) === 'always').map(({ arn }) => arn);
        policies.set(accountId, found);
      }
      return found;
    },
    adminPolicy: accessPolicyArn('AmazonEKSClusterAdminPolicy', partition),
  };
}

const nothingNeeded: Permitted = { certainty: 'always', conditions: [], evidence: [] };
