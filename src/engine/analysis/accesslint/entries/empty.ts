import { compileScope } from '../../../accesspolicies/scope.ts';
import { reservedNameIn } from '../../../identity/nodetypes.ts';
import { enumerate } from '../../policylint/policy.ts';
import type { SnapshotAccessEntry } from '../../snapshot/snapshot.ts';
import type { ClusterWorld } from '../../world/cluster.ts';
import { associate, command, deleteEntry, disassociate } from '../commands.ts';
import type { Facts } from '../facts.ts';
import { policyRules } from '../grants.ts';
import { isServiceLinked, policyName } from '../names.ts';
import type { AccessRule, Spotted } from '../rule.ts';

/** Entries and associations that do not give what they seem to. */
export const emptyEntryRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-301',
    name: 'entry that grants nothing',
    severity: 'warning',
    why: 'It has no access policy, no group and no username that a binding names: its principal gets in and may do what everybody may.',
    fix: 'associate an access policy, give it a group that is bound, or delete it',
    needs: ['rbac', 'associations'],
    *check(cluster, facts) {
      const mappings = facts.mappings(cluster);
      for (const { entry, base } of ownEntries(cluster, facts)) {
        if (entry.associatedPolicies.length > 0 || entry.kubernetesGroups.length > 0) continue;
        if (mappings.bindsUser(entry.username)) continue;
        yield {
          ...base,
          message: `the entry of \`${entry.principalArn}\` has no access policy and no group: it grants nothing`,
          fix: () => deleteEntry(cluster.cluster.name, entry.principalArn),
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-302',
    name: 'group of an entry that nothing binds',
    severity: 'warning',
    why: 'EKS does not look whether a group of an entry is in any binding (eks-access-facts B27): a typing error grants nothing and is not told of.',
    fix: 'bind the group, correct its name, or take it out of the entry',
    needs: ['rbac'],
    *check(cluster, facts) {
      const mappings = facts.mappings(cluster);
      for (const { entry, base } of ownEntries(cluster, facts)) {
        const unbound = entry.kubernetesGroups.filter((group) => !mappings.bindsGroup(group));
        if (unbound.length === 0) continue;
        const left = entry.kubernetesGroups.filter((group) => !unbound.includes(group));
        yield {
          ...base,
          message: `no binding names ${enumerate(unbound)}, which the entry of \`${entry.principalArn}\` gives`,
          fix: command(
            ...['aws', 'eks', 'update-access-entry', '--cluster-name', cluster.cluster.name],
            ...[
              '--principal-arn',
              entry.principalArn,
              '--kubernetes-groups',
              ...(left.length > 0 ? left : ['[]']),
            ],
          ),
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-303',
    name: 'expired association',
    severity: 'suggestion',
    why: 'It grants nothing any more, and looks in lists as if it did.',
    fix: 'end it, or associate the policy again with a later end',
    *check(cluster, facts) {
      const { now } = facts;
      for (const { entry, base } of ownEntries(cluster, facts)) {
        for (const { policyArn, expiresAt } of entry.associatedPolicies) {
          if (expiresAt === undefined || expiresAt > now) continue;
          yield {
            ...{ ...base, object: policyName(policyArn) },
            message: `\`${policyName(policyArn)}\` of \`${entry.principalArn}\` ended ${new Date(expiresAt).toISOString()}`,
            fix: disassociate(cluster.cluster.name, entry.principalArn, policyArn),
          };
        }
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-304',
    name: 'mode ignores access entries',
    severity: 'error',
    why: 'In authentication mode CONFIG_MAP access entries count for nothing.',
    fix: 'switch to API_AND_CONFIG_MAP; there is no way back',
    *check({ cluster }) {
      const { accessEntries, authenticationMode, name, arn } = cluster;
      if (authenticationMode !== 'CONFIG_MAP' || accessEntries.length === 0) return;
      yield {
        subject: arn,
        at: { thing: 'cluster', clusterArn: arn },
        message: `authentication mode \`CONFIG_MAP\` ignores the access entries of cluster \`${name}\`: ${accessEntries.length}`,
        fix: command(
          ...['aws', 'eks', 'update-cluster-config', '--name', name],
          ...['--access-config', 'authenticationMode=API_AND_CONFIG_MAP'],
        ),
      };
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-305',
    name: 'scope without a namespace that exists',
    severity: 'warning',
    why: 'EKS does not look whether the namespaces of a scope exist (eks-access-facts C6): a typing error grants nothing, until somebody makes a namespace of that name.',
    fix: 'associate the policy again with the namespaces that are meant',
    needs: ['namespaces'],
    *check(cluster, facts) {
      const { name, namespaces = [] } = cluster.cluster;
      const there = new Set(namespaces);
      for (const { entry, base } of ownEntries(cluster, facts)) {
        for (const { policyArn, accessScope } of entry.associatedPolicies) {
          if (accessScope.type === 'cluster') continue;
          const missing = accessScope.namespaces.filter(
            (one) => !(one.includes('*') ? namespaces.some(scopeOf(one)) : there.has(one)),
          );
          if (missing.length === 0) continue;
          const left = accessScope.namespaces.filter((one) => !missing.includes(one));
          yield {
            ...{ ...base, object: policyName(policyArn) },
            message: `\`${policyName(policyArn)}\` of \`${entry.principalArn}\` is given in ${enumerate(missing)}, and there is no such namespace`,
            fix: associate(name, entry.principalArn, policyArn, {
              type: 'namespace',
              namespaces: left.length > 0 ? left : ['NAMESPACE'],
            }),
          };
        }
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-306',
    name: 'access policy that allows nothing here',
    severity: 'warning',
    why: 'The association names a policy that does not exist, or one whose rules AWS does not publish: what it allows on EKS is not in any answer of this program.',
    fix: 'correct the ARN, or end the association',
    *check(cluster, facts) {
      const rulesOf = policyRules(cluster.cluster.accountId, facts.world.snapshot);
      for (const { entry, base } of ownEntries(cluster, facts)) {
        for (const { policyArn } of entry.associatedPolicies) {
          if (rulesOf(policyArn) !== undefined) continue;
          yield {
            ...{ ...base, object: policyName(policyArn) },
            message: `the rules of \`${policyArn}\`, which \`${entry.principalArn}\` has, are not known`,
            fix: disassociate(cluster.cluster.name, entry.principalArn, policyArn),
          };
        }
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-308',
    name: 'entry with a reserved name',
    severity: 'error',
    why: 'Names that begin with system:, eks:, aws:, amazon: or iam: are refused in STANDARD entries (eks-access-facts B21, B28): nodes need an entry of a node type, administrators an access policy.',
    fix: 'make an entry of type EC2_LINUX for nodes; for others use names of your own',
    *check(cluster, facts) {
      for (const { entry, base } of ownEntries(cluster, facts)) {
        const name = reservedNameIn(entry.type, entry.username, entry.kubernetesGroups);
        if (name === undefined) continue;
        yield {
          ...base,
          message: `the entry of \`${entry.principalArn}\` gives \`${name}\`, which is reserved: its principal is refused`,
          fix: deleteEntry(cluster.cluster.name, entry.principalArn),
        };
      }
    },
  },
];

/** One pattern of a scope. */
const scopeOf = (pattern: string) => compileScope({ type: 'namespace', namespaces: [pattern] });

/**
 * Entries of people and programs that are followed: not those of nodes and AWS's services, nor those whose principal is
 * gone or another, of which `stale.ts` tells.
 */
export function* ownEntries(
  world: ClusterWorld,
  facts: Facts,
): Generator<{
  readonly entry: SnapshotAccessEntry;
  readonly base: Pick<Spotted, 'subject' | 'at'>;
}> {
  const { cluster } = world;
  if (cluster.authenticationMode === 'CONFIG_MAP') return;
  const standings = facts.standings(world);
  for (const entry of cluster.accessEntries) {
    const { principalArn } = entry;
    if (entry.type !== 'STANDARD' || isServiceLinked(principalArn)) continue;
    if (standings.get(entry)?.is !== 'current') continue;
    yield {
      entry,
      base: { subject: principalArn, at: { thing: 'accessEntry', clusterArn: cluster.arn, principalArn } },
    };
  }
}
