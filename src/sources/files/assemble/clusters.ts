import { type PlacedThing, placeKey } from '../../../engine/analysis/snapshot/places.ts';
import type {
  Gap,
  Place,
  SnapshotAccessEntry,
  SnapshotCluster,
  SnapshotIdentityProvider,
  SnapshotPod,
  SnapshotServiceAccount,
} from '../../../engine/analysis/snapshot/snapshot.ts';
import { parsePrincipalArn } from '../../../engine/arn/principalarn.ts';
import type { AwsAuth } from '../../../engine/identity/awsauth.ts';
import { type NodeType, nodeTypes } from '../../../engine/identity/nodetypes.ts';
import { standardUsername } from '../../../engine/identity/standardusername.ts';
import { defaultRbacObjects } from '../../../engine/rbac/defaults.ts';
import type { RbacObject } from '../../../engine/rbac/objects.ts';
import type { AssociatedPolicy, Fact } from '../facts.ts';
import { createDraft, createShelf, type Draft, type ReportGap } from './draft.ts';
import type { ClusterIdentity } from './identities.ts';
import { createPodIdentityDraft } from './podidentity.ts';

type ToldCluster = Pick<SnapshotCluster, 'version' | 'createdAt' | 'authenticationMode' | 'tags' | 'issuer'>;
type ToldEntry = Omit<SnapshotAccessEntry, 'principalArn' | 'associatedPolicies'>;
type ClusterFact = Extract<Fact, { readonly cluster: unknown }>;

/** Collects what documents tell of one cluster. */
export interface ClusterDraft {
  take(fact: ClusterFact): void;
  /** The cluster, with gaps for what no document tells; `known` is what a saved snapshot has of it. */
  finish(known: SnapshotCluster | undefined): FinishedCluster;
}

export interface FinishedCluster {
  readonly cluster: SnapshotCluster;
  /** Assumptions, in words. */
  readonly notes: readonly string[];
}

interface EntryDraft {
  readonly draft: Draft<ToldEntry>;
  readonly policies: Map<string, AssociatedPolicy>;
  policiesAreAll: boolean;
}

export function createClusterDraft(
  identity: ClusterIdentity,
  report: ReportGap,
  addPlace: (thing: PlacedThing, place: Place) => void,
): ClusterDraft {
  const clusterArn = identity.arn;
  const gapOf =
    (area: Gap['area']) =>
    (reason: string, place?: Place): void =>
      report({ area, clusterArn, reason, ...(place && { place }) });
  let told: Draft<ToldCluster> | undefined;
  let isCreatorSettled = false;
  const entries = new Map<string, EntryDraft>();
  let entriesAreAll = false;
  const rbac = createShelf<RbacObject>(gapOf('rbac'));
  const namespaces = new Set<string>();
  const serviceAccounts = createShelf<SnapshotServiceAccount>(gapOf('serviceAccounts'));
  const podIdentities = createPodIdentityDraft(gapOf('podIdentity'));
  const pods = createShelf<SnapshotPod>(gapOf('pods'));
  let podsAreAll = false;
  const providers = createShelf<SnapshotIdentityProvider>(gapOf('identityProviders'));
  const wholeAwsAuth = createShelf<{
    readonly awsAuth: AwsAuth;
    readonly data?: Readonly<Record<string, string>>;
  }>(gapOf('awsAuth'));
  const awsAuthParts: AwsAuth[] = [];

  const entryOf = (principalArn: string, place: Place): EntryDraft => {
    const found = entries.get(principalArn);
    if (found !== undefined) return found;
    const draft = createDraft<ToldEntry>(`the entry of \`${principalArn}\``, place, gapOf('accessEntries'));
    const created = { draft, policies: new Map(), policiesAreAll: false };
    entries.set(principalArn, created);
    addPlace({ thing: 'accessEntry', clusterArn, principalArn }, place);
    return created;
  };

  const finishEntry = ([principalArn, { draft, policies, policiesAreAll }]: [
    string,
    EntryDraft,
  ]): SnapshotAccessEntry => {
    const gap = gapOf('accessEntries');
    const { type = 'STANDARD' } = draft.value;
    if (!policiesAreAll && type === 'STANDARD' && policies.size === 0) {
      gapOf('accessPolicies')(
        `the policies of the entry of \`${principalArn}\` are not in the files`,
        draft.place,
      );
    }
    if (draft.value.username === undefined && draft.value.type === undefined) {
      gap(
        `the entry of \`${principalArn}\` is only named: its type and groups are not in the files; \`aws eks describe-access-entry\` prints them`,
        draft.place,
      );
    }
    return { ...completeEntry(principalArn, draft.value), associatedPolicies: [...policies.values()] };
  };

  return {
    take(fact) {
      const { place } = fact;
      switch (fact.fact) {
        case 'cluster':
          told ??= createDraft<ToldCluster>(`cluster \`${identity.name}\``, place, gapOf('cluster'));
          told.tell(fact.told, place);
          if (fact.isCreatorSettled === true) isCreatorSettled = true;
          addPlace({ thing: 'cluster', clusterArn }, place);
          break;
        case 'entry':
          entryOf(fact.principalArn, place).draft.tell(fact.told, place);
          addPlace({ thing: 'accessEntry', clusterArn, principalArn: fact.principalArn }, place);
          break;
        case 'policies': {
          const entry = entryOf(fact.principalArn, place);
          if (fact.areAll) entry.policiesAreAll = true;
          for (const policy of fact.policies) {
            const before = entry.policies.get(policy.policyArn);
            if (before !== undefined && !hasSameScope(before, policy)) {
              gapOf('accessPolicies')(
                `\`${policy.policyArn}\` of \`${fact.principalArn}\` is told twice, with another scope: this one counts`,
                place,
              );
            }
            entry.policies.set(policy.policyArn, policy);
          }
          break;
        }
        case 'entryNames':
          if (fact.areAll) entriesAreAll = true;
          for (const principalArn of fact.principalArns) {
            entryOf(principalArn, place);
          }
          break;
        case 'rbac': {
          const { object } = fact;
          const { kind, name } = object;
          const namespace = 'namespace' in object ? object.namespace : '';
          rbac.put(refKey(object), object, place, () =>
            namespace === '' ? `${kind} \`${name}\`` : `${kind} \`${namespace}/${name}\``,
          );
          addPlace({ thing: 'rbac', clusterArn, ref: { kind, namespace, name } }, place);
          break;
        }
        case 'namespace':
          namespaces.add(fact.name);
          break;
        case 'serviceAccount': {
          const { namespace, name } = fact.serviceAccount;
          const key = `${namespace}/${name}`;
          serviceAccounts.put(key, fact.serviceAccount, place, () => `ServiceAccount \`${key}\``);
          break;
        }
        case 'podIdentity':
          podIdentities.take(fact.association, place);
          break;
        case 'podIdentityNames':
          podIdentities.takeNames(fact);
          break;
        case 'pod': {
          const key = `${fact.pod.namespace}/${fact.pod.name}`;
          pods.put(key, fact.pod, place, () => `Pod \`${key}\``);
          break;
        }
        case 'allPods':
          podsAreAll = true;
          break;
        case 'awsAuth': {
          const { awsAuth, data, isAll } = fact;
          if (isAll) wholeAwsAuth.put('', { awsAuth, ...(data && { data }) }, place, () => 'aws-auth');
          else awsAuthParts.push(awsAuth);
          addPlace({ thing: 'awsAuth', clusterArn }, place);
          break;
        }
        case 'identityProvider':
          providers.put(
            fact.provider.name,
            fact.provider,
            place,
            () => `identity provider \`${fact.provider.name}\``,
          );
          break;
        default:
          fact satisfies never;
      }
    },

    finish(known) {
      const notes: string[] = [];
      const where = `cluster \`${identity.name}\``;
      const { authenticationMode: mode, ...rest } = told?.value ?? {};
      const authenticationMode = mode ?? known?.authenticationMode ?? 'API_AND_CONFIG_MAP';
      if (mode === undefined && known === undefined) {
        gapOf('cluster')(
          `the authentication mode of ${where} is not in the files: access entries and aws-auth both count; \`aws eks describe-cluster\` prints it`,
        );
      }
      if (known === undefined && authenticationMode !== 'CONFIG_MAP' && !entriesAreAll) {
        const which = entries.size === 0 ? 'access entries' : 'perhaps not all access entries';
        gapOf('accessEntries')(
          `${which} of ${where} are ${entries.size === 0 ? 'not ' : ''}in the files; \`aws eks list-access-entries\` prints whom they are for`,
        );
      }
      // eks-access-facts D8. A saved snapshot says itself whether it knows.
      if (known === undefined && authenticationMode === 'CONFIG_MAP' && !isCreatorSettled) {
        gapOf('accessEntries')(
          `EKS does not tell who created ${where}: in mode CONFIG_MAP its creator is its administrator, whom nothing shows`,
          told?.place,
        );
      }
      const whole = wholeAwsAuth.things.get('')?.thing;
      const awsAuth = joinAwsAuth(whole?.awsAuth, awsAuthParts);
      if (known === undefined && authenticationMode !== 'API' && awsAuth === undefined) {
        gapOf('awsAuth')(`aws-auth of ${where} is not in the files`);
      }
      if (
        known === undefined &&
        authenticationMode !== 'API' &&
        awsAuth !== undefined &&
        whole === undefined
      ) {
        gapOf('awsAuth')(`what else is in aws-auth of ${where} is not in the files`);
      }
      const { objects, isAssumed } = withDefaults(
        [...rbac.things.values()].map(({ thing }) => thing),
        known?.rbac,
      );
      if (isAssumed) {
        notes.push(
          `assumed for ${where}: Kubernetes' own default roles and bindings, which the files do not bring`,
        );
      }
      if (rbac.things.size === 0 && known === undefined) {
        gapOf('rbac')(`roles and bindings of ${where} are not in the files`);
      }
      if (namespaces.size > 0 && !namespaces.has('kube-system') && known?.namespaces === undefined) {
        gapOf('namespaces')(`only some namespaces of ${where} are in the files`);
      }
      // Every cluster has this one: who tells all of them tells it.
      const hasAll = serviceAccounts.things.has('kube-system/default');
      const accounts = [...serviceAccounts.things.values()].map(({ thing }) => thing);
      if (accounts.length > 0 && !hasAll && known?.serviceAccounts === undefined) {
        gapOf('serviceAccounts')(`only some service accounts of ${where} are in the files`);
      }
      const associations = podIdentities.finish(where, known?.podIdentityAssociations !== undefined);
      const toldPods = [...pods.things.values()].map(({ thing }) => thing);
      if (toldPods.length > 0 && !podsAreAll && known?.pods === undefined) {
        gapOf('pods')(`perhaps not all pods of ${where} are in the files`);
      }
      const { arn, accountId, region, name } = identity;
      return {
        notes,
        cluster: {
          ...{ arn, accountId, region, name },
          ...rest,
          authenticationMode,
          accessEntries: [...entries].map(finishEntry),
          ...(awsAuth && { awsAuth }),
          ...(whole?.data && awsAuthParts.length === 0 && { awsAuthData: whole.data }),
          rbac: objects,
          ...(namespaces.size > 0 && { namespaces: [...namespaces] }),
          ...(accounts.length > 0 && { serviceAccounts: accounts }),
          ...(associations !== undefined && { podIdentityAssociations: associations }),
          ...((toldPods.length > 0 || podsAreAll) && { pods: toldPods }),
          identityProviders: [...providers.things.values()].map(({ thing }) => thing),
        },
      };
    },
  };
}

export function refKey(object: RbacObject): string {
  return `${object.kind} ${'namespace' in object ? object.namespace : ''} ${object.name}`;
}

/** Kubernetes' defaults, where nothing else brings them: a dump of a cluster has `cluster-admin` in it. */
function withDefaults(
  objects: readonly RbacObject[],
  known: readonly RbacObject[] | undefined,
): { readonly objects: readonly RbacObject[]; readonly isAssumed: boolean } {
  const own = new Set(objects.map(refKey));
  if (known !== undefined || own.has('ClusterRole  cluster-admin')) return { objects, isAssumed: false };
  const defaults = defaultRbacObjects.filter((object) => !own.has(refKey(object)));
  return { objects: [...defaults, ...objects], isAssumed: true };
}

/** What is to be added and is in the whole of it already is there once: both are read after it was added. */
function joinAwsAuth(whole: AwsAuth | undefined, parts: readonly AwsAuth[]): AwsAuth | undefined {
  if (whole === undefined && parts.length === 0) return undefined;
  const { roles, users, accounts } = whole ?? { roles: [], users: [], accounts: [] };
  const join = <Item>(known: readonly Item[], more: readonly Item[]): readonly Item[] => {
    const texts = new Set(known.map((item) => JSON.stringify(item)));
    return [...known, ...more.filter((item) => !texts.has(JSON.stringify(item)))];
  };
  return {
    roles: join(
      roles,
      parts.flatMap((part) => part.roles),
    ),
    users: join(
      users,
      parts.flatMap((part) => part.users),
    ),
    accounts: join(
      accounts,
      parts.flatMap((part) => part.accounts),
    ),
  };
}

export function hasSameScope(
  { accessScope: one }: AssociatedPolicy,
  { accessScope: other }: AssociatedPolicy,
): boolean {
  return one.type === other.type && [...one.namespaces].sort().join() === [...other.namespaces].sort().join();
}

function isNodeType(type: string): type is NodeType {
  return Object.hasOwn(nodeTypes, type);
}

/** An entry without policies; what is not told of it is as EKS fills it in. */
export function completeEntry(
  principalArn: string,
  { type = 'STANDARD', username, kubernetesGroups, ...rest }: Draft<ToldEntry>['value'],
): Omit<SnapshotAccessEntry, 'associatedPolicies'> {
  return {
    ...rest,
    ...{ principalArn, type },
    username: username ?? usernameOf(type, principalArn) ?? principalArn,
    kubernetesGroups: kubernetesGroups ?? (isNodeType(type) ? nodeTypes[type].groups : []),
  };
}

/** What EKS gives where none is told (eks-access-facts B3, B19). */
function usernameOf(type: string, principalArn: string): string | undefined {
  if (isNodeType(type)) return nodeTypes[type].username;
  const named = parsePrincipalArn(principalArn);
  switch (named?.kind) {
    case 'role':
    case 'user':
      return standardUsername({ ...named, arn: principalArn });
    default:
      return undefined;
  }
}

export function placesOf(): {
  readonly places: Readonly<Record<string, Place>>;
  readonly add: (thing: PlacedThing, place: Place) => void;
} {
  const places: Record<string, Place> = Object.create(null);
  return {
    places,
    add: (thing, place) => {
      places[placeKey(thing)] = place;
    },
  };
}
