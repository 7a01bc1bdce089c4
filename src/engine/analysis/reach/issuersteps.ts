import { isIssuerHostOfEks, isPublicIssuerHost } from '../../podcredentials/issuerhosts.ts';
import type { IamWorld } from '../iamworld/iamworld.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import type { IamSubject } from '../world/subject.ts';
import type { World } from '../world/world.ts';
import {
  assuming,
  both,
  iamNode,
  type Permitted,
  permittedBy,
  postureOf,
  rootSubject,
  stepOf,
  surestOf,
} from './asking.ts';
import { hostOf } from './issuers.ts';
import { nodeKey } from './node.ts';
import type { StepRules } from './rules.ts';
import type { ReachStep } from './step.ts';
import type { KnownRole, Trusts } from './trusts.ts';

const handsOver = 'entryway:SetClusterIssuer';
const createsProvider = 'iam:CreateOpenIDConnectProvider';
const deletesProvider = 'iam:DeleteOpenIDConnectProvider';

/** A provider that a role trusts, and believes whatever a token says that it wants to hear: the same for everybody. */
interface Trusted {
  readonly provider: string;
  readonly by: Permitted;
}

/** What somebody does with a cluster so that keys of its own speak for a provider that a role trusts. */
interface Forging {
  readonly trusted: Trusted;
  /** What it must be allowed on the provider, beside handing over keys. */
  readonly needs: readonly string[];
  readonly message: string;
  readonly assumption: string;
}

/**
 * From an IAM principal to the roles that trust the issuer of a connected cluster of its account: whoever may say which keys
 * speak for the issuer makes tokens of every service account there is, or is not (`services/entryway/clusterissuer.ts`).
 * Whoever may make OIDC providers besides says of the cluster that it has the issuer of a role's provider, which must not be
 * there while the keys are handed over, and makes the provider then.
 *
 * Whether a cluster is connected, and has keys that were handed over already, no snapshot tells: it is assumed of those
 * whose issuer has not EKS's form, which nobody may set.
 */
export function createIssuerSteps(
  world: World,
  { iam, trusts }: { readonly iam: IamWorld; readonly trusts: Trusts },
): StepRules {
  const { principals, snapshot } = world;
  /** Those whose issuer somebody may set, or has set. */
  const settable = world.clusters.filter((cluster) => {
    const issuer = issuerOf(cluster);
    return issuer === undefined || !isIssuerHostOfEks(hostNameOf(issuer));
  });

  const taken = new Set(world.clusters.map((one) => `${one.cluster.accountId} ${issuerOf(one)}`));

  const entered = new Map<string, readonly Trusted[]>();
  const trustedBy = (role: KnownRole): readonly Trusted[] => {
    const { arn } = role.record;
    let found = entered.get(arn);
    if (found === undefined) {
      const action = 'sts:AssumeRoleWithWebIdentity';
      found = trusts.of(role).providers.flatMap((provider) => {
        const question = { outsider: { kind: 'federated', provider }, action, role, context: {} } as const;
        const by = permittedBy({ action, resource: arn }, iam.askOutsider(question));
        return by === undefined ? [] : [{ provider, by }];
      });
      entered.set(arn, found);
    }
    return found;
  };

  const forgings = (cluster: ClusterWorld, role: KnownRole): readonly Forging[] => {
    const { accountId, name } = cluster.cluster;
    // Keys that were handed over speak in the cluster's own account.
    if (role.accountId !== accountId) return [];
    const then = `and gets role \`${role.record.arn}\` for a token it makes`;
    return trustedBy(role).flatMap((trusted): readonly Forging[] => {
      const { provider } = trusted;
      const host = hostOf(provider);
      if (host === issuerOf(cluster)) {
        const message = `hands over a key of its own for the issuer of cluster \`${name}\`, ${then}`;
        const assumption = `\`${name}\` is a connected cluster whose keys are handed over`;
        return [{ trusted, needs: [], message, assumption }];
      }
      if (!isClaimable(host, accountId)) return [];
      const known = principals.account(accountId)?.oidcProviders.some(({ arn }) => arn === provider) === true;
      const message = `hands over a key of its own for cluster \`${name}\` under the issuer \`https://${host}\`, makes OIDC provider \`${provider}\`${known ? ' anew' : ''}, ${then}`;
      const needs = known ? [createsProvider, deletesProvider] : [createsProvider];
      return [{ trusted, needs, message, assumption: `\`${name}\` is a connected cluster` }];
    });
  };

  /** Whether a cluster of the account could be said to have the issuer: where another one has it, no other can. */
  const isClaimable = (host: string, accountId: string): boolean =>
    // Of SAML, what is left has no host.
    !host.startsWith('saml-provider/') &&
    !isIssuerHostOfEks(hostNameOf(host)) &&
    !isPublicIssuerHost(hostNameOf(host)) &&
    !taken.has(`${accountId} ${host}`);

  const step = (subject: IamSubject, cluster: ClusterWorld, role: KnownRole): ReachStep | undefined => {
    const { accountId, arn } = cluster.cluster;
    if (subject.standing !== 'exists' || subject.accountId !== accountId) return undefined;
    const posture = postureOf(iam, subject);
    const best = surestOf(
      forgings(cluster, role).flatMap(({ trusted, needs, message, assumption }) => {
        const may = posture.may(
          { action: handsOver, resource: arn },
          ...needs.map((action) => ({ action, resource: trusted.provider })),
        );
        return may === undefined ? [] : [{ message, by: assuming(both(may, trusted.by), assumption) }];
      }),
    );
    if (best === undefined) return undefined;
    const nodes = { from: { kind: 'iam', subject } as const, to: iamNode(role) };
    return stepOf('setClusterIssuer', nodes, best.message, best.by);
  };

  return {
    *into(to, isKnown) {
      const role = to.kind === 'iam' ? principals.named(to.subject.arn) : undefined;
      if (role?.kind !== 'role' || to.kind !== 'iam' || to.subject.arn !== role.record.arn) return;
      for (const cluster of settable) {
        if (forgings(cluster, role).length === 0) continue;
        const { arn, accountId } = cluster.cluster;
        const some = [...iam.allowers.of(handsOver, arn)].map((principal) => iamNode(principal).subject);
        for (const subject of [...some, rootSubject(snapshot.partition, accountId)]) {
          if (isKnown(nodeKey({ kind: 'iam', subject }))) continue;
          const found = step(subject, cluster, role);
          if (found !== undefined) yield found;
        }
      }
    },
    *from(from, isKnown) {
      if (from.kind !== 'iam') return;
      const posture = postureOf(iam, from.subject);
      for (const cluster of settable) {
        const { accountId, arn: resource } = cluster.cluster;
        if (accountId !== from.subject.accountId) continue;
        // Few may, and there may be many roles.
        if (posture.may({ action: handsOver, resource }) === undefined) continue;
        for (const role of trusts.federated()) {
          if (isKnown(nodeKey(iamNode(role)))) continue;
          const found = step(from.subject, cluster, role);
          if (found !== undefined) yield found;
        }
      }
    },
  };
}

/** Host and path, as providers are called. */
function issuerOf({ cluster: { issuer } }: ClusterWorld): string | undefined {
  return issuer?.replace(/^https:\/\//, '');
}

/** Without the path, in lower case. */
function hostNameOf(host: string): string {
  return host.toLowerCase().split(/[/:]/)[0]?.replace(/\.$/, '') ?? '';
}
