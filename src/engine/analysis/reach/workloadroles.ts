import { podIdentityAudience } from '../../podcredentials/names.ts';
import { createIamWorld, type IamWorld } from '../iamworld/iamworld.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { World } from '../world/world.ts';
import { concrete } from './asking.ts';
import { createPodIdentity } from './podidentity.ts';
import { accountsMeant, isPattern, namesIn, trustedSubjects } from './trustednames.ts';
import { createTrusts, type KnownRole, type Trusts } from './trusts.ts';
import { createWebIdentity } from './webidentity.ts';
import type { AccountName, WorkloadPattern, WorkloadRole } from './workload.ts';
import { namedRole } from './workloadasking.ts';

/**
 * Which roles the pods of which service accounts can have, from either end. Every answer is IAM's evaluation of the trust
 * policies and, for a target role, of the association's role; what is not known is `sometimes`, never left out.
 *
 * Whether a pod may then do something with a role is asked of the same IAM, with the session that it has:
 * `iam.ask({ subject: way.role, session: way.session, action, resource })`.
 */
export interface WorkloadRoles {
  readonly iam: IamWorld;
  /**
   * Every role that pods of the service account can get, and what of its association and its annotation is of no use
   * (`never`): by Pod Identity first, then by token; what is delivered before what a pod must ask for itself.
   */
  rolesOf(cluster: ClusterWorld, account: AccountName): readonly WorkloadRole[];
  /** The same ways to one role, from every cluster: of service accounts that are listed, or named by what trusts them. */
  accountsOf(roleArn: string): WorkloadAccounts;
  /** The same, looked for one after the other, of those service accounts that are wanted. */
  waysTo(
    roleArn: string,
    isWanted: (cluster: ClusterWorld, account: AccountName) => boolean,
  ): Iterable<WorkloadRole>;
}

export interface WorkloadAccounts {
  /** Also those that are of no use (`never`). In order of clusters, namespaces and names. */
  readonly ways: readonly WorkloadRole[];
  /** Names that nobody has yet, as far as is known, and with which anybody would get the role. */
  readonly patterns: readonly WorkloadPattern[];
}

export function createWorkloadRoles(
  world: World,
  {
    iam = createIamWorld(world),
    trusts = createTrusts(world, iam),
  }: { readonly iam?: IamWorld; readonly trusts?: Trusts } = {},
): WorkloadRoles {
  const podIdentity = createPodIdentity(world, { iam, trusts });
  const webIdentity = createWebIdentity(world, { iam, trusts });

  // Asked for every role there is: thousands of roles and of service accounts make it dear to look at each pair.
  const names = new WeakMap<ClusterWorld, AccountNames>();
  const namesOf = (cluster: ClusterWorld): AccountNames => {
    const found = names.get(cluster) ?? {
      listed: accountsIn(cluster),
      annotatedWith: Map.groupBy(cluster.cluster.serviceAccounts ?? [], ({ roleArn = '' }) => roleArn),
    };
    names.set(cluster, found);
    return found;
  };

  const roleOf = (roleArn: string): KnownRole | undefined => {
    const known = world.principals.named(roleArn);
    return known?.kind === 'role' && known.record.arn === roleArn ? known : undefined;
  };

  /** Names by which anybody would get the role: those of its trust policy that are patterns. */
  const patternsIn = (cluster: ClusterWorld, role: KnownRole): readonly WorkloadPattern[] => {
    const { subject } = namedRole(world, role.record.arn);
    const byToken = webIdentity.isTrusted(cluster, role)
      ? trustedSubjects(iam, role)
          .filter(isPattern)
          .flatMap((pattern) => namesIn(pattern) ?? [])
      : [];
    const each = new Map(byToken.map((names) => [nameOf(names), names]));
    const ways = [...each.values()].flatMap((names) => {
      const way = webIdentity.wayTo(cluster, exampleOf(names), subject);
      return way === undefined ? [] : [{ cluster, mechanism: 'irsa' as const, ...names, example: way }];
    });
    // Where anybody has it for certain, those of a name are among them.
    const anybody = ways.find(
      ({ namespace, name, example }) => namespace === '*' && name === '*' && example.certainty === 'always',
    );
    const found = anybody === undefined ? ways : [anybody];
    const isOpen = !cluster.associations.areAll && trusts.of(role).services.includes(podIdentityAudience);
    if (!isOpen) return found;
    // The last ones are the most special.
    const tagged = namesInTags(iam, role);
    const byAssociation = tagged
      .slice(-mostPatterns)
      .flatMap((names) =>
        [...podIdentity.waysTo(cluster, subject, [exampleOf(names)], () => true)]
          .filter(({ association }) => association === undefined)
          .map((example) => ({ cluster, mechanism: 'podIdentity' as const, ...names, example })),
      );
    const [example] = byAssociation;
    // Of too many one stands for all: to judge each takes a minute, and nobody reads them.
    if (tagged.length > mostPatterns && example !== undefined)
      return [...found, { ...example, namespace: '*', name: '*' }];
    return [...found, ...byAssociation];
  };

  function* waysTo(...[roleArn, isWanted]: Parameters<WorkloadRoles['waysTo']>): Generator<WorkloadRole> {
    const { subject } = namedRole(world, roleArn);
    const role = roleOf(roleArn);
    for (const cluster of world.clusters) {
      const { listed, annotatedWith } = namesOf(cluster);
      const wanted = (account: AccountName): boolean => isWanted(cluster, account);
      yield* podIdentity.waysTo(cluster, subject, listed, wanted);
      const meant =
        role !== undefined && webIdentity.isTrusted(cluster, role)
          ? accountsMeant(listed, trustedSubjects(iam, role))
          : [];
      const annotated = annotatedWith.get(roleArn) ?? [];
      const names = new Map([...meant, ...annotated].map((one) => [nameOf(one), one]));
      for (const { namespace, name } of names.values()) {
        if (!wanted({ namespace, name })) continue;
        const way = webIdentity.wayTo(cluster, { namespace, name }, subject);
        if (way !== undefined) yield way;
      }
    }
  }

  return {
    iam,
    waysTo,
    rolesOf(cluster, account) {
      const ways = [...podIdentity.waysOf(cluster, account), ...webIdentity.waysOf(cluster, account)];
      const rank = ({ isDelivered, certainty }: WorkloadRole): number =>
        (isDelivered ? 0 : 2) + (certainty === 'never' ? 1 : 0);
      return ways.toSorted((one, other) => rank(one) - rank(other));
    },
    accountsOf(roleArn) {
      const role = roleOf(roleArn);
      const place = new Map(world.clusters.map((cluster, at) => [cluster, at]));
      const ways = [...waysTo(roleArn, () => true)].map((way) => ({ way, name: nameOf(way.account) }));
      ways.sort(
        ({ way: one, name: first }, { way: other, name: second }) =>
          (place.get(one.cluster) ?? 0) - (place.get(other.cluster) ?? 0) ||
          (first < second ? -1 : first > second ? 1 : 0),
      );
      return {
        ways: ways.map(({ way }) => way),
        patterns: role === undefined ? [] : world.clusters.flatMap((cluster) => patternsIn(cluster, role)),
      };
    },
  };
}

/** The service accounts of a cluster, and those whose annotation names a role. */
interface AccountNames {
  readonly listed: readonly AccountName[];
  readonly annotatedWith: ReadonlyMap<string, readonly AccountName[]>;
}

/** Service accounts that are listed, or named somewhere. */
export function accountsIn(cluster: ClusterWorld): readonly AccountName[] {
  return cluster
    .subjects()
    .flatMap((subject) =>
      subject.kind === 'ServiceAccount' ? [{ namespace: subject.namespace, name: subject.name }] : [],
    );
}

function nameOf({ namespace, name }: AccountName): string {
  return `${namespace}/${name}`;
}

function exampleOf({ namespace, name }: AccountName): AccountName {
  return { namespace: concrete(namespace), name: concrete(name) };
}

/** Names of a trust policy's tags that are judged each. */
const mostPatterns = 1000;

/** What a trust policy compares the tags of a pod's session with: each namespace and name together, `*` where it does not. */
function namesInTags(iam: IamWorld, role: KnownRole): readonly AccountName[] {
  const valuesOf = (tag: string): readonly string[] => {
    const values = (iam.standings.role(role).trust.document?.statements ?? [])
      .filter(({ effect }) => effect === 'Allow')
      .flatMap(({ conditions }) => conditions)
      .filter(({ key }) => key.toLowerCase() === `aws:requesttag/${tag}`)
      .flatMap((condition) => condition.values);
    return [...new Set(['*', ...values])];
  };
  const names = valuesOf('kubernetes-service-account');
  return valuesOf('kubernetes-namespace').flatMap((namespace) => names.map((name) => ({ namespace, name })));
}
