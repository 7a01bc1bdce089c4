import { isDeepStrictEqual } from 'node:util';
import { type PlacedThing, placeKey } from '../engine/analysis/snapshot/places.ts';
import type {
  Gap,
  Place,
  Snapshot,
  SnapshotAccount,
  SnapshotCluster,
} from '../engine/analysis/snapshot/snapshot.ts';
import type { RbacObject, RbacObjectRef } from '../engine/rbac/objects.ts';

/**
 * Two snapshots as one: accounts and clusters of both, what they have in common joined member by member. What is in both and
 * differs is a gap that names both places, and `later` counts.
 */
export function mergeSnapshots(earlier: Snapshot, later: Snapshot): Snapshot {
  // What neither could read is told once.
  const told = [...earlier.gaps, ...later.gaps].map((gap) => [JSON.stringify(gap), gap] as const);
  const gaps: Gap[] = [...new Map(told).values()];
  if (earlier.partition !== later.partition) {
    const reason = `partitions \`${earlier.partition}\` and \`${later.partition}\` are in one answer: what is said of the first may be wrong`;
    gaps.push({ area: 'file', reason });
  }
  const placeIn = ({ places, sources }: Snapshot, thing: PlacedThing): { place?: Place; text: string } => {
    const key = placeKey(thing);
    const place = Object.hasOwn(places, key) ? places[key] : undefined;
    return place === undefined
      ? { text: sources[0] ?? 'the other source' }
      : { place, text: `${place.file}:${place.line}:${place.column}` };
  };
  const differs = (
    about: Pick<Gap, 'area' | 'accountId' | 'clusterArn'>,
    name: string,
    thing: PlacedThing,
  ): void => {
    const { place, text } = placeIn(later, thing);
    const reason = `${name} of ${placeIn(earlier, thing).text} and of ${text} differ: the second counts`;
    gaps.push({ ...about, reason, ...(place && { place }) });
  };
  return {
    format: later.format,
    takenAt: Math.max(earlier.takenAt, later.takenAt),
    partition: later.partition,
    sources: [...new Set([...earlier.sources, ...later.sources])],
    accounts: join(
      earlier.accounts,
      later.accounts,
      ({ accountId }) => accountId,
      (one, other) => joinAccounts(one, other, differs),
    ),
    clusters: join(
      earlier.clusters,
      later.clusters,
      ({ arn }) => arn,
      (one, other) => joinClusters(one, other, differs),
    ),
    blocks: join(
      earlier.blocks,
      later.blocks,
      ({ kind, target }) => `${kind} ${target}`,
      (_, other) => other,
    ),
    ...joinGuardrails(earlier, later, gaps),
    gaps,
    places: { ...earlier.places, ...later.places },
  };
}

type Differs = (
  about: Pick<Gap, 'area' | 'accountId' | 'clusterArn'>,
  name: string,
  thing: PlacedThing,
) => void;

/** Both lists, in order, with what has the same key made one. */
function join<Item>(
  earlier: readonly Item[],
  later: readonly Item[],
  keyOf: (item: Item) => string,
  joinTwo: (earlier: Item, later: Item) => Item,
): readonly Item[] {
  const joined = new Map(earlier.map((item) => [keyOf(item), item]));
  for (const item of later) {
    const key = keyOf(item);
    const before = joined.get(key);
    joined.set(key, before === undefined ? item : joinTwo(before, item));
  }
  return [...joined.values()];
}

function joinAccounts(earlier: SnapshotAccount, later: SnapshotAccount, differs: Differs): SnapshotAccount {
  const about = { area: 'iam', accountId: later.accountId } as const;
  const same =
    <Item extends { readonly arn: string }>(kind: string) =>
    (one: Item, other: Item): Item => {
      const joined = { ...one, ...other };
      if (!isDeepStrictEqual(joined, one)) {
        differs(about, `${kind} \`${other.arn}\``, { thing: 'iam', arn: other.arn });
      }
      return joined;
    };
  const ofArn = ({ arn }: { readonly arn: string }): string => arn;
  return {
    ...earlier,
    ...later,
    users: join(earlier.users, later.users, ofArn, same('user')),
    roles: join(earlier.roles, later.roles, ofArn, same('role')),
    groups: join(earlier.groups, later.groups, ofArn, same('group')),
    managedPolicies: join(earlier.managedPolicies, later.managedPolicies, ofArn, same('policy')),
    oidcProviders: join(earlier.oidcProviders, later.oidcProviders, ofArn, same('OIDC provider')),
    accessPolicies: join(earlier.accessPolicies, later.accessPolicies, ofArn, same('access policy')),
  };
}

function joinClusters(earlier: SnapshotCluster, later: SnapshotCluster, differs: Differs): SnapshotCluster {
  const clusterArn = later.arn;
  const about = (area: Gap['area']) => ({ area, clusterArn });
  const cluster: PlacedThing = { thing: 'cluster', clusterArn };
  for (const member of clusterMembers) {
    if (earlier[member] === undefined || later[member] === undefined) continue;
    if (!isDeepStrictEqual(earlier[member], later[member])) {
      differs(about('cluster'), `\`${member}\` of cluster \`${later.name}\``, cluster);
    }
  }
  const { awsAuth } = later;
  if (earlier.awsAuth && awsAuth && !isDeepStrictEqual(earlier.awsAuth, awsAuth)) {
    differs(about('awsAuth'), 'aws-auth', { thing: 'awsAuth', clusterArn });
  }
  const { awsAuthData: _, ...withoutData } = earlier;
  const known = awsAuth === undefined ? earlier : withoutData;
  const namespaces = [...new Set([...(earlier.namespaces ?? []), ...(later.namespaces ?? [])])];
  return {
    ...known,
    ...later,
    accessEntries: join(
      earlier.accessEntries,
      later.accessEntries,
      ({ principalArn }) => principalArn,
      (one, other) => {
        if (!isDeepStrictEqual(one, other)) {
          const { principalArn } = other;
          const thing = { thing: 'accessEntry', clusterArn, principalArn } as const;
          differs(about('accessEntries'), `the entry of \`${principalArn}\``, thing);
        }
        return { ...one, ...other };
      },
    ),
    rbac: join(earlier.rbac, later.rbac, rbacKey, (one, other) => {
      if (!isDeepStrictEqual(one, other)) {
        const ref = refOf(other);
        const name = ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;
        differs(about('rbac'), `${ref.kind} \`${name}\``, { thing: 'rbac', clusterArn, ref });
      }
      return other;
    }),
    ...(namespaces.length > 0 && { namespaces }),
    ...((earlier.serviceAccounts || later.serviceAccounts) && {
      serviceAccounts: join(
        earlier.serviceAccounts ?? [],
        later.serviceAccounts ?? [],
        ({ namespace, name }) => `${namespace}/${name}`,
        (one, other) => {
          if (one.roleArn !== other.roleArn || one.audience !== other.audience) {
            differs(
              about('serviceAccounts'),
              `service account \`${other.namespace}/${other.name}\``,
              cluster,
            );
          }
          return other;
        },
      ),
    }),
    ...((earlier.podIdentityAssociations || later.podIdentityAssociations) && {
      podIdentityAssociations: join(
        earlier.podIdentityAssociations ?? [],
        later.podIdentityAssociations ?? [],
        ({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`,
        (one, other) => {
          // One that was read before it was made has no id and is the same.
          const joined = { ...other, associationId: other.associationId || one.associationId };
          if (!isDeepStrictEqual({ ...one, associationId: joined.associationId }, joined)) {
            const name = `the Pod Identity association of \`${other.namespace}/${other.serviceAccount}\``;
            differs(about('podIdentity'), name, cluster);
          }
          return joined;
        },
      ),
    }),
    ...((earlier.pods || later.pods) && {
      // Pods come and go: what was told later is how it is.
      pods: join(
        earlier.pods ?? [],
        later.pods ?? [],
        ({ namespace, name }) => `${namespace}/${name}`,
        (_, other) => other,
      ),
    }),
    identityProviders: join(
      earlier.identityProviders,
      later.identityProviders,
      ({ name }) => name,
      (one, other) => {
        if (!isDeepStrictEqual(one, other)) {
          differs(about('identityProviders'), `identity provider \`${other.name}\``, cluster);
        }
        return other;
      },
    ),
  };
}

/** What there is one of. */
const clusterMembers = [
  'authenticationMode',
  'version',
  'issuer',
  'breakGlass',
  'hiddenAdminPrincipalId',
] as const;

function joinGuardrails(earlier: Snapshot, later: Snapshot, gaps: Gap[]): Pick<Snapshot, 'guardrails'> {
  const guardrails = later.guardrails ?? earlier.guardrails;
  if (earlier.guardrails && later.guardrails && !isDeepStrictEqual(earlier.guardrails, later.guardrails)) {
    gaps.push({ area: 'iam', reason: 'both sources have guardrails, and these differ: the second counts' });
  }
  return guardrails === undefined ? {} : { guardrails };
}

function refOf(object: RbacObject): RbacObjectRef {
  return { kind: object.kind, namespace: 'namespace' in object ? object.namespace : '', name: object.name };
}

function rbacKey(object: RbacObject): string {
  const { kind, namespace, name } = refOf(object);
  return `${kind} ${namespace} ${name}`;
}
