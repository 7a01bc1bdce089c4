import { findAccessPolicy } from '../../accesspolicies/catalogue.ts';
import type { ClusterRoleBinding, RoleBinding } from '../../rbac/objects.ts';
import type { PolicyRule } from '../../rbac/rules.ts';
import { subjectIdentity } from '../../rbac/subjects.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { Question } from '../world/question.ts';
import { type ClusterSubject, subjectKey } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { everyPower, powerMask } from './kubepowers.ts';
import { isNode, nodesGroup } from './nodes.ts';

/** Who in a cluster is worth being asked about a power; an index, never a decision. */
export interface ClusterIndex {
  /** Subjects with one of the powers in the namespace; '' for the whole cluster alone. */
  withPower(mask: number, namespace: string): Iterable<ClusterSubject>;
  /** The same of any place at all. */
  withPowerAnywhere(mask: number): Iterable<ClusterSubject>;
  /** Where the subject has one of the powers: '' for everywhere, which stands alone. */
  placesOf(subject: ClusterSubject, mask: number): readonly string[];
  /** Those of its service accounts. */
  readonly accountNamespaces: readonly string[];
  /** Subjects that are nodes. */
  readonly nodes: readonly ClusterSubject[];
  /** The powers the subject may have in the namespace. */
  powersOf(subject: ClusterSubject, namespace: string): number;
  /** Roles bound to the subject there: of the namespace's bindings, or for '' of the cluster's. */
  boundRoles(
    subject: ClusterSubject,
    namespace: string,
  ): readonly (ClusterRoleBinding | RoleBinding)['roleRef'][];
  /** Names of objects that rules about the resource name. */
  namesOf(apiGroup: string, resource: string): readonly string[];
  /** Subjects that may do everything. */
  admins(): readonly ClusterSubject[];
  /** Every subject by its key. */
  readonly subjects: ReadonlyMap<string, ClusterSubject>;
}

/** What one user or group name has. */
interface Held {
  /** Namespace → powers; '' for everywhere. */
  readonly masks: Map<string, number>;
  readonly bindings: (ClusterRoleBinding | RoleBinding)[];
}

/** `user NAME`, `group NAME`, or an entry's ARN. */
type HolderKey = string;

/** Names looked at per resource: rules with more are told apart by nobody. */
const mostNames = 200;

export function createClusterIndex(world: World, cluster: ClusterWorld): ClusterIndex {
  const held = new Map<HolderKey, Held>();
  const holderOf = (key: HolderKey): Held => {
    let found = held.get(key);
    if (found === undefined) {
      found = { masks: new Map(), bindings: [] };
      held.set(key, found);
    }
    return found;
  };
  const grant = (key: HolderKey, namespace: string, mask: number): void => {
    const { masks } = holderOf(key);
    if (mask !== 0) masks.set(namespace, (masks.get(namespace) ?? 0) | mask);
  };

  const roleMasks = new Map<string, number>();
  const ruleLists: (readonly PolicyRule[])[] = [];
  const roleMask = ({ kind, name }: RoleBinding['roleRef'], namespace: string): number => {
    const key = kind === 'ClusterRole' ? name : `${namespace}/${name}`;
    let mask = roleMasks.get(key);
    if (mask === undefined) {
      const rules = cluster.authorizer.roleRules(kind, namespace, name) ?? [];
      ruleLists.push(rules);
      mask = powerMask(rules);
      roleMasks.set(key, mask);
    }
    return mask;
  };
  for (const object of cluster.cluster.rbac) {
    if (object.kind === 'ClusterRole' || object.kind === 'Role') continue;
    const namespace = object.kind === 'RoleBinding' ? object.namespace : '';
    const mask = roleMask(object.roleRef, namespace);
    for (const subject of object.subjects) {
      const identity = subjectIdentity(subject, namespace);
      if (identity === undefined) continue;
      const key = `${identity.is} ${identity.name}`;
      grant(key, namespace, mask);
      holderOf(key).bindings.push(object);
    }
  }
  grant('group system:masters', '', everyPower);

  const { partition } = world.snapshot;
  const own = world.principals.account(cluster.cluster.accountId)?.accessPolicies ?? [];
  const policyMasks = new Map<string, number>();
  const policyMask = (policyArn: string): number => {
    let mask = policyMasks.get(policyArn);
    if (mask === undefined) {
      const rules =
        findAccessPolicy(policyArn, partition)?.rules ??
        own.find(({ arn }) => arn === policyArn)?.rules ??
        [];
      ruleLists.push(rules);
      mask = powerMask(rules);
      policyMasks.set(policyArn, mask);
    }
    return mask;
  };
  if (cluster.cluster.authenticationMode !== 'CONFIG_MAP') {
    for (const { principalArn, associatedPolicies } of cluster.cluster.accessEntries) {
      for (const { policyArn, accessScope } of associatedPolicies) {
        const mask = policyMask(policyArn);
        // Namespaces of a scope may be patterns: those count everywhere here, and the decider tells.
        const namespaces =
          accessScope.type === 'cluster' || accessScope.namespaces.some((name) => /[*?]/.test(name))
            ? ['']
            : accessScope.namespaces;
        for (const namespace of namespaces) grant(principalArn, namespace, mask);
      }
    }
  }

  const subjects = new Map<string, ClusterSubject>(
    [nodesGroup, ...cluster.subjects()].map((subject) => [subjectKey(subject), subject]),
  );
  const bearers = new Map<HolderKey, ClusterSubject[]>();
  const holders = new Map<string, readonly Held[]>();
  for (const [key, subject] of subjects) {
    const keys = new Set<HolderKey>();
    for (const { user, mapped } of cluster.identitiesOf(subject).identities) {
      if (user.username !== '') keys.add(`user ${user.username}`);
      for (const group of user.groups) keys.add(`group ${group}`);
      if (mapped?.mappedBy.source === 'accessEntry') keys.add(mapped.mappedBy.arn);
    }
    const mine: Held[] = [];
    for (const holder of keys) {
      const has = held.get(holder);
      if (has === undefined) continue;
      mine.push(has);
      const known = bearers.get(holder);
      if (known === undefined) bearers.set(holder, [subject]);
      else known.push(subject);
    }
    holders.set(key, mine);
  }

  /** Namespace → who has which powers there. */
  const inNamespace = new Map<
    string,
    { readonly mask: number; readonly bearers: readonly ClusterSubject[] }[]
  >();
  for (const [key, { masks }] of held) {
    const who = bearers.get(key);
    if (who === undefined) continue;
    for (const [namespace, mask] of masks) {
      const known = inNamespace.get(namespace);
      if (known === undefined) inNamespace.set(namespace, [{ mask, bearers: who }]);
      else known.push({ mask, bearers: who });
    }
  }

  const named = new Map<string, readonly string[]>();
  let adminList: readonly ClusterSubject[] | undefined;
  const bearing = function* (wanted: number, places: Iterable<string>): Generator<ClusterSubject> {
    const seen = new Set<ClusterSubject>();
    for (const place of places) {
      for (const { mask, bearers: who } of inNamespace.get(place) ?? []) {
        if ((mask & wanted) === 0) continue;
        for (const subject of who) {
          if (seen.has(subject)) continue;
          seen.add(subject);
          yield subject;
        }
      }
    }
  };
  const namespaces = new Set(
    [...subjects.values()].flatMap((one) => (one.kind === 'ServiceAccount' ? [one.namespace] : [])),
  );
  const index: ClusterIndex = {
    subjects,
    accountNamespaces: [...namespaces],
    nodes: [...subjects.values()].filter((subject) => isNode(cluster, subject)),
    withPowerAnywhere: (wanted) => bearing(wanted, inNamespace.keys()),
    placesOf(subject, wanted) {
      const places = new Set<string>();
      for (const { masks } of holders.get(subjectKey(subject)) ?? []) {
        for (const [place, mask] of masks) if ((mask & wanted) !== 0) places.add(place);
      }
      return places.has('') ? [''] : [...places];
    },
    withPower: (wanted, namespace) => bearing(wanted, namespace === '' ? [''] : ['', namespace]),
    powersOf(subject, namespace) {
      let mask = 0;
      for (const { masks } of holders.get(subjectKey(subject)) ?? []) {
        mask |= masks.get('') ?? 0;
        if (namespace !== '') mask |= masks.get(namespace) ?? 0;
      }
      return mask;
    },
    boundRoles(subject, namespace) {
      return (holders.get(subjectKey(subject)) ?? []).flatMap(({ bindings }) =>
        bindings
          .filter((binding) => (binding.kind === 'RoleBinding' ? binding.namespace : '') === namespace)
          .map(({ roleRef }) => roleRef),
      );
    },
    namesOf(apiGroup, resource) {
      const key = `${apiGroup}/${resource}`;
      let found = named.get(key);
      if (found === undefined) {
        const all = new Set<string>();
        for (const rules of ruleLists) {
          for (const rule of rules) {
            if (rule.resourceNames.length === 0 || all.size > mostNames) continue;
            if (reachesResource(rule, apiGroup, resource))
              for (const name of rule.resourceNames) all.add(name);
          }
        }
        found = [...all].slice(0, mostNames);
        named.set(key, found);
      }
      return found;
    },
    admins() {
      adminList ??= [...index.withPower(everyPower, '')].filter(
        (subject) => index.powersOf(subject, '') === everyPower && cluster.can(subject, everything).allowed,
      );
      return adminList;
    },
  };
  return index;
}

/** Every verb on every resource, everywhere: a star of a question is covered by a star of a rule alone. */
const everything: Question = {
  ...{ kind: 'resource', verb: '*', apiGroup: '*', resource: '*', subresource: '', namespace: '', name: '' },
};

function reachesResource({ apiGroups, resources }: PolicyRule, group: string, resource: string): boolean {
  return (
    (apiGroups.includes('*') || apiGroups.includes(group)) &&
    (resources.includes('*') || resources.includes(resource))
  );
}
