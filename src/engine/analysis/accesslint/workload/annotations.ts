import { stsAudience } from '../../../podcredentials/names.ts';
import type { SnapshotCluster, SnapshotServiceAccount } from '../../snapshot/snapshot.ts';
import type { KnownPrincipal } from '../../world/principals.ts';
import { command } from '../commands.ts';
import type { Facts } from '../facts.ts';
import { rewriteTrust } from '../iam/trust.ts';
import type { AccessRule } from '../rule.ts';
import { issuerHost, providerOf } from './issuers.ts';
import { associatedAccounts, workloadLabel } from './workloads.ts';

type KnownRole = KnownPrincipal & { readonly kind: 'role' };

/** Annotations of service accounts that give no role. Of a role that does not exist `EW-ACC-606` tells. */
export const annotationRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-805',
    name: 'service account for a role that does not trust it',
    severity: 'error',
    why: 'The trust policy of the role does not mean the tokens of this service account: its Pods are refused by STS.',
    fix: 'name the service account in the trust policy of the role, or correct the annotation',
    needs: ['serviceAccounts', 'issuer'],
    *check({ cluster }, facts) {
      for (const { account, role } of annotated(cluster, facts)) {
        const provider = providerIn(role.accountId, cluster, facts);
        if (provider === undefined || isTrusted(provider, { cluster, account, role }, facts)) continue;
        const { namespace, name } = account;
        yield {
          ...{ subject: workloadLabel(namespace, name), object: role.record.arn },
          message: `service account \`${namespace}/${name}\` is annotated with \`${role.record.arn}\`, whose trust policy does not let it in`,
          fix: rewriteTrust(
            role.record,
            `with \`system:serviceaccount:${namespace}:${name}\` on \`${issuerHost(cluster.issuer ?? '')}:sub\``,
          ),
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-806',
    name: 'service account for a role of an account without a provider',
    severity: 'error',
    why: 'STS takes tokens of a cluster where the account of the role has an identity provider for the cluster’s issuer, and only there.',
    fix: 'make the provider in the account of the role, or use Pod Identity, which needs none',
    needs: ['serviceAccounts', 'issuer'],
    *check({ cluster }, facts) {
      for (const { account, role } of annotated(cluster, facts)) {
        if (!areProvidersKnown(role.accountId, facts)) continue;
        if (providerIn(role.accountId, cluster, facts) !== undefined) continue;
        const { namespace, name } = account;
        yield {
          ...{ subject: workloadLabel(namespace, name), object: role.record.arn },
          message: `service account \`${namespace}/${name}\` is annotated with \`${role.record.arn}\`, and account \`${role.accountId}\` has no provider for \`${issuerHost(cluster.issuer ?? '')}\``,
          fix: command(
            ...['aws', 'iam', 'create-open-id-connect-provider'],
            ...['--url', cluster.issuer ?? '', '--client-id-list', stsAudience],
          ),
        };
      }
    },
  },
];

/** Service accounts whose annotation counts, with the role where it was read. */
function* annotated(
  cluster: SnapshotCluster,
  { world: { principals } }: Facts,
): Generator<{ readonly account: SnapshotServiceAccount; readonly role: KnownRole }> {
  const associated = associatedAccounts(cluster);
  for (const account of cluster.serviceAccounts ?? []) {
    const { namespace, name, roleArn } = account;
    if (roleArn === undefined || associated.has(`${namespace}/${name}`)) continue;
    const role = principals.named(roleArn);
    if (role?.kind === 'role' && role.record.arn === roleArn) yield { account, role };
  }
}

function providerIn(accountId: string, cluster: SnapshotCluster, { world: { principals } }: Facts) {
  const account = principals.account(accountId);
  return account && providerOf(account, cluster);
}

/** An empty list is one that nobody read, or a true one. */
function areProvidersKnown(accountId: string, { world: { principals } }: Facts): boolean {
  return principals.isRead(accountId) && (principals.account(accountId)?.oidcProviders.length ?? 0) > 0;
}

/** Whether the role may be had with such a token; also where it is open. */
function isTrusted(
  provider: { readonly arn: string },
  {
    cluster,
    account: { namespace, name, audience = stsAudience },
    role,
  }: {
    readonly cluster: SnapshotCluster;
    readonly account: SnapshotServiceAccount;
    readonly role: KnownRole;
  },
  { iam }: Facts,
): boolean {
  const host = issuerHost(cluster.issuer ?? '');
  const { certainty } = iam.askOutsider({
    outsider: { kind: 'federated', provider: provider.arn },
    action: 'sts:AssumeRoleWithWebIdentity',
    role,
    context: {
      [`${host}:sub`]: `system:serviceaccount:${namespace}:${name}`,
      [`${host}:aud`]: audience,
    },
  });
  return certainty !== 'never';
}
