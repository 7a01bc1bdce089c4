import { stsAudience } from '../../podcredentials/names.ts';
import { subjectOf } from '../iamworld/allowers.ts';
import type { IamWorld, UnreadRole } from '../iamworld/iamworld.ts';
import type { SnapshotServiceAccount } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { assuming, type Permitted, surestOf } from './asking.ts';
import { createIssuers, hostOf } from './issuers.ts';
import { createTrustedIndex, type TrustedIndex } from './trustednames.ts';
import type { KnownRole, Trusts } from './trusts.ts';
import type { AccountName, WorkloadRefusal, WorkloadRole } from './workload.ts';
import { granted, inTurn, type NamedRole, namedRole, refused, type WorkloadWay } from './workloadasking.ts';

const action = 'sts:AssumeRoleWithWebIdentity';

/** The roles that pods get for tokens of their service account: IRSA, and tokens that a pod asks for without an annotation. */
export interface WebIdentity {
  /** One way to each role; also to the role that is annotated, where that is of no use. */
  waysOf(cluster: ClusterWorld, account: AccountName): readonly WorkloadRole[];
  /** The way to one role; undefined where the role is of no use for the service account and not annotated. */
  wayTo(cluster: ClusterWorld, account: AccountName, role: IamSubject): WorkloadRole | undefined;
  /** Whether the role trusts a provider that stands for the cluster, or may. */
  isTrusted(cluster: ClusterWorld, role: KnownRole): boolean;
}

export function createWebIdentity(
  world: World,
  { iam, trusts }: { readonly iam: IamWorld; readonly trusts: Trusts },
): WebIdentity {
  const { principals } = world;

  const issuers = createIssuers(world);

  const accounts = new WeakMap<ClusterWorld, ReadonlyMap<string, SnapshotServiceAccount>>();
  const listed = (cluster: ClusterWorld, { namespace, name }: AccountName) => {
    let found = accounts.get(cluster);
    if (found === undefined) {
      const all = cluster.cluster.serviceAccounts ?? [];
      found = new Map(all.map((account) => [`${account.namespace}/${account.name}`, account]));
      accounts.set(cluster, found);
    }
    return found.get(`${namespace}/${name}`);
  };

  interface Asked {
    readonly named: NamedRole['role'];
    readonly provider: string;
    readonly account: AccountName;
    /** As the cluster has it. */
    readonly annotated: SnapshotServiceAccount | undefined;
  }
  type Outcome =
    | { readonly by: Permitted; readonly audience: string | undefined }
    | { readonly by: undefined; readonly refusal: WorkloadRefusal; readonly before: Permitted | undefined };

  /** By a token for the audience that is injected, else for another that the provider takes (iam-facts I15). */
  const askedFor = ({ named, provider, account, annotated }: Asked): Outcome => {
    const host = hostOf(provider);
    const injected = annotated?.audience ?? stsAudience;
    const owner = principals.account(named.accountId);
    const known = owner?.oidcProviders.find(({ arn }) => arn === provider);
    if (known === undefined && principals.isRead(named.accountId)) {
      const message = `account \`${named.accountId}\` has no OIDC provider \`${provider}\``;
      return { by: undefined, refusal: { code: 'missingProvider', message }, before: undefined };
    }
    const ask = (audience: string | undefined) =>
      inTurn([
        {
          who: `service account \`${account.namespace}/${account.name}\` of \`${host}\``,
          ...{ action, resource: named.kind === 'role' ? named.record.arn : named.arn },
          ask: () =>
            iam.askOutsider({
              ...{ outsider: { kind: 'federated', provider }, action, role: named },
              context: {
                ...{ 'sts:ExternalId': [], 'sts:SourceIdentity': [], 'aws:TagKeys': [] },
                [`${host}:sub`]: `system:serviceaccount:${account.namespace}:${account.name}`,
                ...(audience !== undefined && { [`${host}:aud`]: audience }),
              },
              closed: ['aws:RequestTag/'],
            }),
        },
      ]);
    const audiences = new Set<string | undefined>(
      known === undefined ? [injected, stsAudience, undefined] : [...known.clientIds].sort(byUse(injected)),
    );
    const takesInjected = audiences.has(injected);
    const asked = [...audiences].map((audience) => ({ audience, ...ask(audience) }));
    const ways = asked.flatMap(({ audience, by, refusal }) => {
      if (refusal !== undefined) return [];
      const isGiven = audience === undefined || audience === injected || audience === stsAudience;
      const token = isGiven ? by : assuming(by, `it has a token for the audience \`${audience}\``);
      return [{ audience, by: token }];
    });
    // Whoever is given a token has that one first, though another would do for certain.
    const isGivenOne = annotated?.roleArn === (named.kind === 'role' ? named.record.arn : named.arn);
    const best =
      (isGivenOne ? ways.find(({ audience }) => audience === injected) : undefined) ?? surestOf(ways);
    if (best !== undefined) {
      if (known !== undefined || owner === undefined) return best;
      const there = `account \`${named.accountId}\` has the OIDC provider \`${provider}\`, which was not read`;
      return { ...best, by: assuming(best.by, there) };
    }
    const [first] = asked;
    const before = first?.by;
    if (!takesInjected || first?.refusal === undefined) {
      const message = `OIDC provider \`${provider}\` takes no tokens for \`${injected}\``;
      return { by: undefined, refusal: { code: 'otherAudience', message }, before };
    }
    return { by: undefined, refusal: first.refusal, before };
  };

  const wayTo: WebIdentity['wayTo'] = (cluster, account, subject) => {
    const annotated = listed(cluster, account);
    const isAnnotated = annotated?.roleArn === subject.arn;
    const named = namedRole(world, subject.arn);
    const injected = annotated?.audience ?? stsAudience;
    // Where both are there, containers are told to ask Pod Identity (eks-access-facts J20).
    const isInjected = isAnnotated && !cluster.associations.of(account.namespace, account.name);
    const way: WayBy = (provider, audience) => ({
      ...{ cluster, account, mechanism: 'irsa', role: named.subject },
      session: { tags: {}, ...(provider !== undefined && { provider }) },
      isDelivered: isInjected && audience === injected,
      token: {
        isAnnotated,
        ...(provider !== undefined && { provider }),
        ...(audience !== undefined && { audience }),
      },
    });
    if ('refusal' in named) return isAnnotated ? refused(way(undefined, injected), named.refusal) : undefined;
    const { role } = named;
    if (role.kind !== 'role')
      return isAnnotated ? unreadWay(way, { cluster, account, annotated, role }) : undefined;
    let refusal: WorkloadRole | undefined;
    let best: WorkloadRole | undefined;
    for (const provider of trusts.of(role).providers) {
      const standing = issuers.standingOf(cluster, hostOf(provider));
      if (standing === 'no') continue;
      const asked = askedFor({ named: role, provider, account, annotated });
      if (asked.by === undefined) {
        refusal ??= refused(way(provider, injected), asked.refusal, asked.before);
        continue;
      }
      const host = hostOf(provider);
      const isIssuer = `\`${host}\` is the issuer of cluster \`${cluster.cluster.name}\``;
      const by = standing === 'certain' ? asked.by : assuming(asked.by, isIssuer);
      const found = granted(way(provider, asked.audience), by);
      if (found.certainty === 'always' && (found.isDelivered || !isInjected)) return found;
      if (best === undefined || (found.isDelivered && !best.isDelivered)) best = found;
    }
    if (best !== undefined || !isAnnotated) return best;
    const message = `role \`${subject.arn}\` trusts no OIDC provider of the issuer of cluster \`${cluster.cluster.name}\``;
    return refusal ?? refused(way(undefined, injected), { code: 'otherIssuer', message });
  };

  /** To an annotated role of an account that was not read: by the provider that it would have for the issuer. */
  const unreadWay = (
    way: WayBy,
    {
      cluster: { cluster },
      role,
      ...asked
    }: Pick<Asked, 'account' | 'annotated'> & { readonly cluster: ClusterWorld; readonly role: UnreadRole },
  ): WorkloadRole => {
    const { issuer } = cluster;
    const host = issuer?.replace(/^https:\/\//, '') ?? 'issuer';
    const provider = `arn:${world.snapshot.partition}:iam::${role.accountId}:oidc-provider/${host}`;
    const outcome = askedFor({ named: role, provider, ...asked });
    const found = way(issuer === undefined ? undefined : provider, asked.annotated?.audience ?? stsAudience);
    return outcome.by === undefined
      ? refused(found, outcome.refusal, outcome.before)
      : granted(found, outcome.by);
  };

  let byHost: ReadonlyMap<string, readonly KnownRole[]> | undefined;
  const indexes = new Map<string | undefined, TrustedIndex>();
  /** Roles that trust the issuer of the cluster, where that is known, else any provider, and may mean the service account. */
  const candidates = ({ cluster: { issuer } }: ClusterWorld, account: AccountName): Iterable<KnownRole> => {
    let index = indexes.get(issuer);
    if (index === undefined) {
      byHost ??= rolesByHost(trusts);
      const roles = issuer === undefined ? trusts.federated() : byHost.get(issuer.replace(/^https:\/\//, ''));
      index = createTrustedIndex(iam, roles ?? []);
      indexes.set(issuer, index);
    }
    return index.rolesFor(account);
  };

  return {
    wayTo,
    isTrusted: (cluster, role) =>
      trusts.of(role).providers.some((provider) => issuers.standingOf(cluster, hostOf(provider)) !== 'no'),
    waysOf(cluster, account) {
      const { roleArn } = listed(cluster, account) ?? {};
      const roles = new Map<string, IamSubject>();
      for (const role of candidates(cluster, account)) roles.set(role.record.arn, subjectOf(role));
      if (roleArn !== undefined) roles.set(roleArn, namedRole(world, roleArn).subject);
      return [...roles.values()].flatMap((role) => wayTo(cluster, account, role) ?? []);
    },
  };
}

type WayBy = (provider: string | undefined, audience: string | undefined) => WorkloadWay;

function rolesByHost(trusts: Trusts): ReadonlyMap<string, readonly KnownRole[]> {
  const found = new Map<string, KnownRole[]>();
  for (const role of trusts.federated()) {
    for (const host of new Set(trusts.of(role).providers.map(hostOf))) {
      const known = found.get(host);
      if (known === undefined) found.set(host, [role]);
      else known.push(role);
    }
  }
  return found;
}

/** What pods are given first, then what they usually are. */
function byUse(injected: string): (one: string, other: string) => number {
  const rank = (audience: string): number => (audience === injected ? 0 : audience === stsAudience ? 1 : 2);
  return (one, other) => rank(one) - rank(other);
}
