import { isDeepStrictEqual } from 'node:util';
import { type AwsAuthKey, awsAuthKeys } from '../../../../access/awsauth.ts';
import type {
  Gap,
  SnapshotAccessEntry,
  SnapshotCluster,
  SnapshotPodIdentityAssociation,
  SnapshotServiceAccount,
} from '../../../../engine/analysis/snapshot/snapshot.ts';
import type { AwsAuth } from '../../../../engine/identity/awsauth.ts';
import type { RbacObject } from '../../../../engine/rbac/objects.ts';
import { completeEntry, hasSameScope, refKey } from '../../assemble/clusters.ts';
import { accountKey as podIdentityKey } from '../../assemble/podidentity.ts';
import type { PlannedEdit } from './changes.ts';
import {
  differing,
  type EditTools,
  type FactOf,
  type Sides,
  type Standing,
  sidesOf,
  tellStanding,
  told,
} from './editing.ts';

/** One cluster on which planned changes are made, one after the other. */
export interface ClusterEditor {
  take(edit: PlannedEdit): void;
  finish(): SnapshotCluster;
}

export function createClusterEditor(cluster: SnapshotCluster, tools: EditTools): ClusterEditor {
  const clusterArn = cluster.arn;
  let { authenticationMode, version, tags, awsAuth, awsAuthData } = cluster;
  const entries = new Map(cluster.accessEntries.map((entry) => [entry.principalArn, entry]));
  const rbac = new Map(cluster.rbac.map((object) => [refKey(object), object]));
  const namespaces = new Set(cluster.namespaces);
  const gone = new Set<string>();
  const accounts = new Map((cluster.serviceAccounts ?? []).map((one) => [accountKey(one), one]));
  const associations = new Map(
    (cluster.podIdentityAssociations ?? []).map((one) => [podIdentityKey(one), one]),
  );
  const providers = new Map(cluster.identityProviders.map((one) => [one.name, one]));

  const stand = (edit: PlannedEdit, area: Gap['area'], standing: Standing): void =>
    tellStanding(edit, area, standing, tools);

  const editCluster = (edit: PlannedEdit, { before, after }: Sides<'cluster'>): void => {
    const present = { authenticationMode, version };
    const { authenticationMode: mode, version: minor } = before?.told ?? {};
    stand(edit, 'cluster', {
      ...{ name: `cluster \`${cluster.name}\``, isThere: true, isAsPlanned: true },
      drift: differing({ authenticationMode: mode, version: minor }, present),
    });
    authenticationMode = after?.told.authenticationMode ?? authenticationMode;
    version = after?.told.version ?? version;
    tags = after?.told.tags ?? tags;
  };

  const editEntry = (edit: PlannedEdit, { before, after }: Sides<'entry'>): void => {
    const principalArn = (after ?? before)?.principalArn ?? '';
    const present = entries.get(principalArn);
    const { type, username, kubernetesGroups } = before?.told ?? {};
    const members = { type, username, kubernetesGroups };
    const made = after && completeEntry(principalArn, told(after.told));
    stand(edit, 'accessEntries', {
      ...{ name: `the entry of \`${principalArn}\``, isThere: present !== undefined },
      drift: present === undefined ? [] : differing(members, present),
      isAsPlanned:
        made !== undefined && present !== undefined && differing(entryMembers(made), present).length === 0,
    });
    if (made === undefined || after === undefined) {
      // Its policies go with it (eks-access-facts B16).
      entries.delete(principalArn);
      return;
    }
    const { associatedPolicies = [], ...rest } = present ?? {};
    const entry: SnapshotAccessEntry =
      before === undefined
        ? { ...made, associatedPolicies: present === undefined ? [] : associatedPolicies }
        : { ...made, ...rest, ...told(after.told), associatedPolicies };
    entries.set(principalArn, entry);
    tools.addPlace({ thing: 'accessEntry', clusterArn, principalArn }, edit.place);
  };

  const editPolicies = (edit: PlannedEdit, { before, after }: Sides<'policies'>): void => {
    const principalArn = (after ?? before)?.principalArn ?? '';
    const entry = entries.get(principalArn);
    if (entry === undefined) {
      const reason = `\`${principalArn}\` has no entry: the plan needs one for the policy that it changes, so make it again`;
      tools.tell(edit, 'accessPolicies', reason);
      return;
    }
    const policies = new Map(entry.associatedPolicies.map((policy) => [policy.policyArn, policy]));
    for (const policy of before?.policies ?? []) {
      const present = policies.get(policy.policyArn);
      stand(edit, 'accessPolicies', {
        ...{ name: `\`${policy.policyArn}\` of \`${principalArn}\``, isThere: present !== undefined },
        ...{ drift: present && !hasSameScope(policy, present) ? ['accessScope'] : [], isAsPlanned: false },
      });
      policies.delete(policy.policyArn);
    }
    for (const policy of after?.policies ?? []) {
      const present = policies.get(policy.policyArn);
      if (before === undefined) {
        stand(edit, 'accessPolicies', {
          ...{ name: `\`${policy.policyArn}\` of \`${principalArn}\``, isThere: present !== undefined },
          ...{ drift: [], isAsPlanned: present !== undefined && hasSameScope(policy, present) },
        });
      }
      policies.set(policy.policyArn, policy);
    }
    entries.set(principalArn, { ...entry, associatedPolicies: [...policies.values()] });
  };

  const editRbac = (edit: PlannedEdit, { before, after }: Sides<'rbac'>): void => {
    const object = (after ?? before)?.object;
    if (object === undefined) return;
    const key = refKey(object);
    const present = rbac.get(key);
    const namespace = 'namespace' in object ? object.namespace : '';
    stand(edit, 'rbac', {
      name: `${object.kind} \`${namespace === '' ? '' : `${namespace}/`}${object.name}\``,
      isThere: present !== undefined,
      drift: before && present ? differing(rbacMembers(before.object), rbacMembers(present)) : [],
      isAsPlanned: after !== undefined && isDeepStrictEqual(present, after.object),
    });
    if (after === undefined) rbac.delete(key);
    else {
      rbac.set(key, after.object);
      const ref = { kind: object.kind, namespace, name: object.name };
      tools.addPlace({ thing: 'rbac', clusterArn, ref }, edit.place);
    }
  };

  const editNamespace = (_: PlannedEdit, { before, after }: Sides<'namespace'>): void => {
    if (after !== undefined) namespaces.add(after.name);
    else if (before !== undefined) gone.add(before.name);
  };

  /** Namespaces go with all that is in them, all at once: what the plan takes away stands before what it makes. */
  const takeNamespaces = (): void => {
    if (gone.size === 0) return;
    for (const name of gone) namespaces.delete(name);
    for (const [key, object] of rbac) {
      if ('namespace' in object && gone.has(object.namespace)) rbac.delete(key);
    }
    for (const [key, { namespace }] of accounts) if (gone.has(namespace)) accounts.delete(key);
    gone.clear();
  };

  const editAccount = (edit: PlannedEdit, { before, after }: Sides<'serviceAccount'>): void => {
    const one = (after ?? before)?.serviceAccount;
    if (one === undefined) return;
    const key = accountKey(one);
    const present = accounts.get(key);
    if (cluster.serviceAccounts !== undefined) {
      stand(edit, 'serviceAccounts', {
        ...{ name: `ServiceAccount \`${key}\``, isThere: present !== undefined },
        drift: before && present ? differing(annotationsOf(before.serviceAccount), present) : [],
        isAsPlanned: after !== undefined && isDeepStrictEqual(present, after.serviceAccount),
      });
    }
    if (after === undefined) accounts.delete(key);
    else accounts.set(key, after.serviceAccount);
  };

  const editPodIdentity = (edit: PlannedEdit, { before, after }: Sides<'podIdentity'>): void => {
    const one = (after ?? before)?.association;
    if (one === undefined) return;
    const key = podIdentityKey(one);
    const present = associations.get(key);
    if (cluster.podIdentityAssociations !== undefined) {
      stand(edit, 'podIdentity', {
        ...{ name: `the pod identity of \`${key}\``, isThere: present !== undefined },
        drift: before && present ? differing(given(before.association), present) : [],
        isAsPlanned:
          after !== undefined &&
          present !== undefined &&
          isDeepStrictEqual(given(present), given(after.association)),
      });
    }
    // Its pods have no other role: the place is the service account's (eks-access-facts J5).
    if (after === undefined) associations.delete(key);
    else associations.set(key, { ...after.association, associationId: present?.associationId ?? '' });
  };

  const editAwsAuth = (edit: PlannedEdit, { before, after }: Sides<'awsAuth'>): void => {
    const present = awsAuth ?? noMappings;
    const old = before && keysOf(before);
    const isThere = awsAuth !== undefined && (old ?? []).every((key) => awsAuthData?.[key] ?? true);
    const drift = (old ?? []).filter(
      (key) => !isDeepStrictEqual(before?.awsAuth[partOf[key]], present[partOf[key]]),
    );
    const isPart = (after ?? before)?.isAll === false;
    if (before !== undefined || !isPart) {
      const isAsPlanned = isDeepStrictEqual(after?.awsAuth, awsAuth);
      stand(edit, 'awsAuth', { name: 'aws-auth', isThere, drift, isAsPlanned });
    }
    if (!isPart) {
      [awsAuth, awsAuthData] = [after?.awsAuth, after?.data];
      return;
    }
    const fresh = after ? keysOf(after) : [];
    const changed: { -readonly [Part in keyof AwsAuth]: AwsAuth[Part] } = { ...present };
    const data = { ...awsAuthData };
    for (const key of old ?? []) {
      Object.assign(changed, { [partOf[key]]: [] });
      delete data[key];
    }
    for (const key of fresh) {
      Object.assign(changed, { [partOf[key]]: after?.awsAuth[partOf[key]] ?? [] });
      data[key] = after?.data?.[key] ?? '';
    }
    const isDataKnown = awsAuth === undefined || awsAuthData !== undefined;
    [awsAuth, awsAuthData] = [changed, isDataKnown ? data : undefined];
    tools.addPlace({ thing: 'awsAuth', clusterArn }, edit.place);
  };

  const editProvider = (edit: PlannedEdit, { before, after }: Sides<'identityProvider'>): void => {
    const name = (after ?? before)?.provider.name ?? '';
    const present = providers.get(name);
    stand(edit, 'identityProviders', {
      ...{ name: `identity provider \`${name}\``, isThere: present !== undefined },
      drift: before && present ? differing(before.provider, present) : [],
      isAsPlanned: after !== undefined && isDeepStrictEqual(present, after.provider),
    });
    if (after === undefined) providers.delete(name);
    else providers.set(name, after.provider);
  };

  return {
    take(edit) {
      if (edit.after !== undefined) takeNamespaces();
      const kind = (edit.after ?? edit.before)?.fact;
      switch (kind) {
        case 'cluster':
          return editCluster(edit, sidesOf(edit, kind));
        case 'entry':
          return editEntry(edit, sidesOf(edit, kind));
        case 'policies':
          return editPolicies(edit, sidesOf(edit, kind));
        case 'rbac':
          return editRbac(edit, sidesOf(edit, kind));
        case 'namespace':
          return editNamespace(edit, sidesOf(edit, kind));
        case 'serviceAccount':
          return editAccount(edit, sidesOf(edit, kind));
        case 'podIdentity':
          return editPodIdentity(edit, sidesOf(edit, kind));
        case 'awsAuth':
          return editAwsAuth(edit, sidesOf(edit, kind));
        case 'identityProvider':
          return editProvider(edit, sidesOf(edit, kind));
        default:
          return undefined;
      }
    },
    finish() {
      takeNamespaces();
      const { awsAuth: _, awsAuthData: __, ...rest } = cluster;
      const hasNamespaces = cluster.namespaces !== undefined || namespaces.size > 0;
      const hasAssociations = cluster.podIdentityAssociations !== undefined || associations.size > 0;
      const hasAccounts = cluster.serviceAccounts !== undefined || accounts.size > 0;
      return {
        ...rest,
        authenticationMode,
        ...(version !== undefined && { version }),
        ...(tags !== undefined && { tags }),
        accessEntries: [...entries.values()],
        ...(awsAuth !== undefined && { awsAuth }),
        ...(awsAuthData !== undefined && { awsAuthData }),
        rbac: [...rbac.values()],
        ...(hasNamespaces && { namespaces: [...namespaces] }),
        ...(hasAccounts && { serviceAccounts: [...accounts.values()] }),
        ...(hasAssociations && { podIdentityAssociations: [...associations.values()] }),
        identityProviders: [...providers.values()],
      };
    },
  };
}

const noMappings: AwsAuth = { roles: [], users: [], accounts: [] };
const partOf = { mapRoles: 'roles', mapUsers: 'users', mapAccounts: 'accounts' } as const;

/** The keys that a fact tells of: all of them, if it is the whole of aws-auth. */
function keysOf({ isAll, data }: FactOf<'awsAuth'>): readonly AwsAuthKey[] {
  return isAll ? awsAuthKeys : awsAuthKeys.filter((key) => data !== undefined && Object.hasOwn(data, key));
}

function accountKey({ namespace, name }: Pick<SnapshotServiceAccount, 'namespace' | 'name'>): string {
  return `${namespace}/${name}`;
}

function annotationsOf({ roleArn, audience }: SnapshotServiceAccount) {
  return { roleArn, audience };
}

/** What somebody gives an association; its id and external id are EKS's. */
function given({ roleArn, targetRoleArn, disableSessionTags, policy }: SnapshotPodIdentityAssociation) {
  return { roleArn, targetRoleArn, disableSessionTags, policy };
}

function entryMembers({ type, username, kubernetesGroups }: Omit<SnapshotAccessEntry, 'associatedPolicies'>) {
  return { type, username, kubernetesGroups };
}

/** What of an object grants: nobody's labels and nothing that a controller fills in. */
function rbacMembers(object: RbacObject): object {
  switch (object.kind) {
    case 'Role':
      return { rules: object.rules };
    case 'ClusterRole': {
      const { aggregationRule, rules } = object;
      return aggregationRule === undefined ? { rules } : { aggregationRule };
    }
    case 'RoleBinding':
    case 'ClusterRoleBinding':
      return { roleRef: object.roleRef, subjects: object.subjects };
    default:
      return object satisfies never;
  }
}
