import { reservedPrefix } from '../../identity/reserved.ts';
import { subjectOf } from '../iamworld/allowers.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { KnownPrincipal } from '../world/principals.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import {
  assuming,
  both,
  iamNode,
  type Permitted,
  type Posture,
  postureOf,
  rootSubject,
  stepOf,
  surestOf,
} from './asking.ts';
import { type AccessGrant, createEntryWays, type EntryChange } from './entryways.ts';
import { nodeKey, type ReachNode } from './node.ts';
import type { IamRaises } from './raises.ts';
import type { StepRules } from './rules.ts';
import type { ReachStep, StepCode } from './step.ts';
import { scopeOf, type Trial, type TrialOf } from './trial.ts';
import type { Trusts } from './trusts.ts';

const eksActions = [
  'eks:AssociateAccessPolicy',
  'eks:UpdateAccessEntry',
  'eks:CreateAccessEntry',
  'eks:AssociateIdentityProviderConfig',
  'entryway:PutBreakGlassPrincipal',
  'entryway:UpdateAccessPolicy',
  'entryway:PutClusterConnection',
] as const;

interface Assumable {
  readonly holder: IamSubject;
  readonly assumed: Permitted;
}

/** What a step is made of before it has ends. */
interface Way {
  readonly code: StepCode;
  readonly message: string;
  readonly by: Permitted;
}

/** From an IAM principal of a cluster's account into the cluster, by the APIs of EKS and our own. */
export function createEksSteps(
  world: World,
  {
    iam,
    trusts,
    raises,
    trialOf,
  }: {
    readonly iam: IamWorld;
    readonly trusts: Trusts;
    readonly raises: IamRaises;
    readonly trialOf: TrialOf;
  },
): StepRules {
  const { principals, snapshot } = world;
  const { partition } = snapshot;
  const ways = createEntryWays(world);
  const clusterByArn = new Map(world.clusters.map((cluster) => [cluster.cluster.arn, cluster]));

  const entryCode = ({ isThere }: EntryChange): StepCode =>
    isThere ? 'associateAccessPolicy' : 'createAccessEntry';

  /** The roles it may assume, of the posture that asked last: one grant after the other is tried on them. */
  let asked: { readonly posture: Posture; readonly roles: readonly Assumable[] } | undefined;
  const assumable = (posture: Posture): readonly Assumable[] => {
    if (asked?.posture !== posture) {
      const roles = [...trusts.rolesTrusting(posture.subject)].flatMap((role) => {
        const holder = subjectOf(role);
        const assumed = posture.may({ action: 'sts:AssumeRole', resource: holder.arn });
        return assumed === undefined ? [] : [{ holder, assumed }];
      });
      asked = { posture, roles };
    }
    return asked.roles;
  };

  /** The grant on its own entry, else on that of a role that it may assume. */
  function* granted(posture: Posture, cluster: ClusterWorld, grant: AccessGrant): Generator<Way> {
    const name = grant.policyArn.slice(grant.policyArn.lastIndexOf('/') + 1);
    const where = grant.namespace === '' ? '' : ` in namespace \`${grant.namespace}\``;
    const what = `${name} on cluster \`${cluster.cluster.name}\`${where}`;
    const own = ways.withPolicy(posture, cluster, posture.subject, grant);
    if (own !== undefined) {
      const gives = own.isThere ? 'gives its own access entry' : 'makes itself an access entry with';
      yield { code: entryCode(own), message: `${gives} ${what}`, by: own.by };
    }
    const { subject } = posture;
    // Entries of others are worth a look where the policies speak of some only.
    if (own?.by.certainty === 'always' || subject.type === 'root') return;
    for (const { holder, assumed } of assumable(posture)) {
      const given = ways.withPolicy(posture, cluster, holder, grant);
      if (given === undefined) continue;
      const message = `gives an access entry of role \`${holder.arn}\`, which it may assume, ${what}`;
      yield { code: entryCode(given), message, by: both(given.by, assumed) };
    }
  }

  function* adminWays(posture: Posture, cluster: ClusterWorld): Generator<Way> {
    const { subject } = posture;
    const { arn, name, authenticationMode } = cluster.cluster;
    const way = (code: StepCode, message: string, by: Permitted | undefined): readonly Way[] =>
      by === undefined ? [] : [{ code, message, by }];
    const may = (action: string) => posture.may({ action, resource: arn });
    yield* granted(posture, cluster, { policyArn: ways.adminPolicy, namespace: '' });
    if (subject.type !== 'root') {
      const message = `makes itself the break-glass principal of cluster \`${name}\``;
      yield* way('breakGlass', message, may('entryway:PutBreakGlassPrincipal'));
    }
    const message = `writes an access policy that allows everything, and has it on cluster \`${name}\``;
    yield* way(
      'changeAccessPolicy',
      message,
      ways.changesPolicy(posture, cluster, ({ type }) => type === 'cluster'),
    );
    yield* way('changeAccessPolicy', message, ways.createsPolicy(posture, cluster, ''));
    if (authenticationMode !== 'API') {
      const connects = may('entryway:PutClusterConnection');
      yield* way(
        'replaceConnection',
        `has the aws-auth of cluster \`${name}\` read from a server of its own`,
        connects && assuming(connects, `\`${name}\` is a connected cluster`),
      );
    }
  }

  /** A policy that is enough for it, or one of its own, where it is asked for. */
  function* permittedWays(posture: Posture, cluster: ClusterWorld, trial: Trial): Generator<Way> {
    const namespaces = trial.isAny
      ? new Set([...ways.namespacesNamed(posture), ...trial.namespaces])
      : trial.namespaces;
    for (const namespace of ['', ...namespaces]) {
      for (const { policyArn, certainty } of trial.policiesIn(namespace)) {
        for (const { by, ...way } of granted(posture, cluster, { policyArn, namespace })) {
          const unsure = 'the policy allows it, which is not known of it';
          yield { ...way, by: certainty === 'always' ? by : assuming(by, unsure) };
        }
      }
    }
    const { name } = cluster.cluster;
    const changed = ways.changesPolicy(posture, cluster, trial.everythingOn);
    const code = 'changeAccessPolicy';
    if (changed !== undefined) {
      yield {
        code,
        message: `writes another text for an access policy it has on cluster \`${name}\``,
        by: changed,
      };
    }
    for (const namespace of namespaces) {
      if (!trial.everythingOn(scopeOf(trial.isAny ? 'default' : namespace))) continue;
      const by = ways.createsPolicy(posture, cluster, namespace);
      if (by === undefined) continue;
      const where = `on cluster \`${name}\` in namespace \`${namespace}\``;
      yield { code, message: `writes an access policy, and has it ${where}`, by };
    }
  }

  /** An entry's own groups and name: EKS takes none that begin like a system's (eks-access-facts B21, B28). */
  function* nameWays(
    posture: Posture,
    cluster: ClusterWorld,
    kind: 'User' | 'Group',
    name: string,
  ): Generator<Way> {
    if (reservedPrefix(name) !== undefined) return;
    const [code, key, what] =
      kind === 'Group'
        ? (['entryGroups', 'eks:kubernetesGroups', 'the group'] as const)
        : (['entryUsername', 'eks:username', 'the username'] as const);
    const changed = ways.withName(posture, cluster, key, name);
    if (changed !== undefined) {
      const makes = changed.isThere ? 'gives its own access entry' : 'makes itself an access entry with';
      yield { code, message: `${makes} ${what} \`${name}\``, by: changed.by };
    }
    const by = ways.ownIdentityProvider(posture, cluster);
    if (by === undefined) return;
    const message = `has cluster \`${cluster.cluster.name}\` trust an identity provider of its own, which says ${what} \`${name}\``;
    yield { code: 'identityProvider', message, by };
  }

  /** A policy that lets it run Pods, or make tokens, where the service account is. */
  const accountWays = new Map<string, readonly Way[]>();
  const accountWaysIn = (posture: Posture, cluster: ClusterWorld, namespace: string): readonly Way[] => {
    const key = `${cluster.cluster.arn} ${namespace} ${posture.subject.arn}`;
    let found = accountWays.get(key);
    if (found === undefined) {
      const best = surestOf(
        (function* () {
          for (const policyArn of ways.policiesToAccounts(cluster.cluster.accountId)) {
            yield* granted(posture, cluster, { policyArn, namespace });
            yield* granted(posture, cluster, { policyArn, namespace: '' });
          }
        })(),
      );
      found = best === undefined ? [] : [{ ...best, message: `${best.message}, and acts as it there` }];
      accountWays.set(key, found);
    }
    return found;
  };

  const waysTo = (posture: Posture, cluster: ClusterWorld, to: ReachNode): Iterable<Way> => {
    if (to.kind === 'clusterAdmin') return adminWays(posture, cluster);
    if (to.kind === 'permitted') return permittedWays(posture, cluster, trialOf(cluster, to.goal));
    if (to.kind !== 'kubernetes') return [];
    const { kind, name, namespace } = to.subject;
    return kind === 'ServiceAccount'
      ? accountWaysIn(posture, cluster, namespace)
      : nameWays(posture, cluster, kind, name);
  };

  const step = (subject: IamSubject, cluster: ClusterWorld, to: ReachNode): ReachStep | undefined => {
    // Nothing opens the APIs of EKS to another account.
    if (subject.standing !== 'exists' || subject.accountId !== cluster.cluster.accountId) return undefined;
    const self = subject.type === 'root' ? undefined : principals.named(subject.arn);
    const best = surestOf(
      (function* () {
        yield* waysTo(postureOf(iam, subject), cluster, to);
        // Whoever raises itself makes itself administrator, who may be all others.
        if (self === undefined || (to.kind === 'kubernetes' && to.subject.kind === 'ServiceAccount')) return;
        for (const raise of raises.of(self)) {
          for (const { message, by } of waysTo(raise, cluster, to)) {
            const how = `${raise.message}, then ${message}`;
            yield { code: 'administerIam', message: how, by: both(raise.by, by) } as const;
          }
        }
      })(),
    );
    return best && stepOf(best.code, { from: { kind: 'iam', subject }, to }, best.message, best.by);
  };

  const candidates = new Map<string, ReadonlySet<KnownPrincipal>>();
  const candidatesOf = (accountId: string): ReadonlySet<KnownPrincipal> => {
    let found = candidates.get(accountId);
    if (found === undefined) {
      const all = eksActions.flatMap((action) => [...iam.allowers.ofAny(action)]);
      found = new Set([
        ...all.filter((principal) => principal.accountId === accountId),
        ...raises.inAccount(accountId),
      ]);
      candidates.set(accountId, found);
    }
    return found;
  };

  return {
    *into(to, isKnown) {
      const cluster = to.kind === 'iam' ? undefined : clusterByArn.get(to.clusterArn);
      if (cluster === undefined) return;
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
        const nodes: readonly ReachNode[] = [
          { kind: 'clusterAdmin', clusterArn: arn },
          ...cluster
            .subjects()
            .flatMap((one): readonly ReachNode[] =>
              one.kind === 'iam' ? [] : [{ kind: 'kubernetes', clusterArn: arn, subject: one }],
            ),
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
