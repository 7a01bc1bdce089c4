import { parseArn } from '../../arn/arn.ts';
import { compileWildcard, hasWildcard } from '../../arn/wildcard.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import { withoutVariables } from '../policylint/patterns.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { KubernetesSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import { assuming, iamNode, type Permitted, stepOf, surest } from './asking.ts';
import { nodeKey, type ReachNode } from './node.ts';
import type { StepRules } from './rules.ts';
import type { ReachStep } from './step.ts';
import type { KnownRole, Trusts } from './trusts.ts';

/**
 * From a service account to the roles that trust its cluster's issuer of tokens. No snapshot tells which provider is whose
 * issuer: annotations of service accounts do, and where there are none every provider that looks like a cluster's may be.
 */
export function createWebIdentitySteps(
  world: World,
  { iam, trusts }: { readonly iam: IamWorld; readonly trusts: Trusts },
): StepRules {
  let issuers: ReadonlyMap<ClusterWorld, ReadonlySet<string>> | undefined;

  /** Hosts of the providers that annotations say are the cluster's. */
  const claimed = (): ReadonlyMap<ClusterWorld, ReadonlySet<string>> => {
    issuers ??= new Map(
      world.clusters.map((cluster) => {
        const hosts = (cluster.cluster.serviceAccounts ?? []).flatMap(({ namespace, name, roleArn }) => {
          const role = roleArn === undefined ? undefined : world.principals.named(roleArn);
          if (role?.kind !== 'role' || role.record.arn !== roleArn) return [];
          return trusts
            .of(role)
            .providers.filter((provider) => isClusterIssuer(hostOf(provider)))
            .filter((provider) => asks(role, provider, namespace, name) !== undefined)
            .map(hostOf);
        });
        return [cluster, new Set(hosts)] as const;
      }),
    );
    return issuers;
  };

  /** Whom a token may be for: one chooses when one asks for it, and the provider takes some (iam-facts I15). */
  const audiencesOf = (provider: string, accountId: string): readonly (string | undefined)[] => {
    const known = world.principals.account(accountId)?.oidcProviders.find(({ arn }) => arn === provider);
    if (known === undefined) return [usualAudience, undefined];
    return [...known.clientIds].sort(
      (one, other) => Number(other === usualAudience) - Number(one === usualAudience),
    );
  };

  /** By a token for the usual audience, else for another that the provider takes; undefined where none is trusted. */
  const asks = (
    role: KnownRole,
    provider: string,
    namespace: string,
    name: string,
  ): Permitted | undefined => {
    const host = hostOf(provider);
    const action = 'sts:AssumeRoleWithWebIdentity';
    return surest(
      audiencesOf(provider, role.accountId).map((audience): Permitted | undefined => {
        const { certainty, decision, ...answer } = iam.askOutsider({
          ...{ outsider: { kind: 'federated', provider }, action, role },
          context: {
            [`${host}:sub`]: `system:serviceaccount:${namespace}:${name}`,
            ...(audience !== undefined && { [`${host}:aud`]: audience }),
          },
        });
        if (certainty === 'never') return undefined;
        const trusted: Permitted = {
          certainty,
          get conditions() {
            return answer.conditions;
          },
          evidence: [{ kind: 'iam', action, resource: role.record.arn, decision }],
        };
        return audience === undefined || audience === usualAudience
          ? trusted
          : assuming(trusted, `it has a token for the audience \`${audience}\``);
      }),
    );
  };

  /** Whether the provider is, or may be, the issuer of the cluster. */
  const standingOf = (cluster: ClusterWorld, host: string): 'certain' | 'possible' | 'no' => {
    const own = claimed().get(cluster);
    const others = [...claimed().values()].some((hosts) => hosts !== own && hosts.has(host));
    // An issuer is that of one cluster: where annotations of two say it is theirs, those of one are mistaken.
    if (own?.has(host)) return others ? 'possible' : 'certain';
    if (others || !isClusterIssuer(host)) return 'no';
    const region = /^oidc\.eks\.([a-z0-9-]+)\./.exec(host)?.[1];
    return region === undefined || region === cluster.cluster.region ? 'possible' : 'no';
  };

  const step = (
    cluster: ClusterWorld,
    subject: KubernetesSubject,
    role: KnownRole,
  ): ReachStep | undefined => {
    let best: ReachStep | undefined;
    for (const provider of trusts.of(role).providers) {
      const host = hostOf(provider);
      const standing = standingOf(cluster, host);
      if (standing === 'no') continue;
      const trusted = asks(role, provider, subject.namespace, subject.name);
      if (trusted === undefined) continue;
      const { arn } = role.record;
      const by =
        standing === 'certain'
          ? trusted
          : assuming(trusted, `\`${host}\` is the issuer of cluster \`${cluster.cluster.name}\``);
      const from: ReachNode = { kind: 'kubernetes', clusterArn: cluster.cluster.arn, subject };
      const message = `gets role \`${arn}\` for its token`;
      const found = stepOf('webIdentity', { from, to: iamNode(role) }, message, by);
      if (found.certainty === 'always') return found;
      best ??= found;
    }
    return best;
  };

  /** Service accounts that the trust policy can mean: by name, where its conditions name them. */
  const accountsFor = (cluster: ClusterWorld, role: KnownRole): Iterable<KubernetesSubject> => {
    const listed = cluster.subjects().filter(isServiceAccount);
    const patterns = subjectsIn(role);
    if (patterns === undefined) return listed;
    const found = new Map<string, KubernetesSubject>();
    for (const pattern of patterns) {
      if (hasWildcard(pattern) || pattern.includes('$')) {
        const matches = compileWildcard(pattern);
        for (const subject of listed) {
          const name = `${accountPrefix}${subject.namespace}:${subject.name}`;
          if (pattern.includes('$') || matches(name)) found.set(name, subject);
        }
      } else {
        // One that does not exist can be made by whoever may make it.
        const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(pattern) ?? [];
        if (namespace === undefined || name === undefined) continue;
        found.set(pattern, { kind: 'ServiceAccount', namespace, name });
      }
    }
    return found.values();
  };

  /** Values that `…:sub` is compared with, where every Allow compares it; undefined where one does not. */
  const subjectsIn = (role: KnownRole): readonly string[] | undefined => {
    const found: string[] = [];
    for (const { effect, principal, conditions } of iam.standings.role(role).trust.document?.statements ??
      []) {
      if (effect !== 'Allow' || !principal?.entries.some(({ type }) => type === 'Federated')) continue;
      const subjects = conditions.filter(
        ({ key, operator }) =>
          key.toLowerCase().endsWith(':sub') && /^(?:ForAnyValue:)?String(?:Equals|Like)$/.test(operator),
      );
      if (subjects.length === 0) return undefined;
      for (const { operator, values } of subjects) {
        // A star is a star only for `Like`.
        found.push(
          ...values.filter((value) => operator.endsWith('Like') || !hasWildcard(value)).map(withoutVariables),
        );
      }
    }
    return found;
  };

  return {
    *into(to, isKnown) {
      const role = to.kind === 'iam' ? world.principals.named(to.subject.arn) : undefined;
      if (role?.kind !== 'role' || to.kind !== 'iam' || to.subject.arn !== role.record.arn) return;
      const hosts = trusts.of(role).providers.map(hostOf);
      for (const cluster of world.clusters) {
        if (!hosts.some((host) => standingOf(cluster, host) !== 'no')) continue;
        for (const subject of accountsFor(cluster, role)) {
          const from: ReachNode = { kind: 'kubernetes', clusterArn: cluster.cluster.arn, subject };
          if (isKnown(nodeKey(from))) continue;
          const found = step(cluster, subject, role);
          if (found !== undefined) yield found;
        }
      }
    },
    *from(from, isKnown) {
      if (from.kind !== 'kubernetes' || from.subject.kind !== 'ServiceAccount') return;
      const cluster = world.clusters.find(({ cluster: { arn } }) => arn === from.clusterArn);
      if (cluster === undefined) return;
      for (const role of trusts.federated()) {
        if (isKnown(nodeKey(iamNode(role)))) continue;
        const found = step(cluster, from.subject, role);
        if (found !== undefined) yield found;
      }
    },
  };
}

/** Of the tokens that Pods are given for AWS. */
const usualAudience = 'sts.amazonaws.com';

const accountPrefix = 'system:serviceaccount:';

function isServiceAccount(subject: { readonly kind: string }): subject is KubernetesSubject {
  return subject.kind === 'ServiceAccount';
}

/** What stands before the claim in a condition key: the provider without its ARN. */
function hostOf(provider: string): string {
  return (parseArn(provider)?.resource ?? provider).replace(/^oidc-provider\//, '');
}

/** A cluster's issuer ends in `/id/` and an id; those of forges and clouds do not. */
function isClusterIssuer(host: string): boolean {
  return /\/id\/[A-Za-z0-9-]+$/.test(host);
}
