import { enumerate } from '../../policylint/policy.ts';
import { aboutItem } from '../mappings.ts';
import type { AccessRule } from '../rule.ts';

/**
 * What an item of aws-auth does not do because of what is elsewhere. What is wrong with the ConfigMap itself (duplicates,
 * role ARNs with a path, nodes' groups) is found by `awsauthlint`, whose findings stand beside these under their own ids.
 */
export const awsAuthRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-401',
    name: 'item of aws-auth behind an access entry',
    severity: 'warning',
    why: 'Where a principal has an access entry, its item in aws-auth counts for nothing (eks-access-facts D10): its groups are not added, and taking it away changes nothing.',
    fix: 'take the item out of aws-auth, after its groups are in the entry where they are needed',
    *check(cluster, { mappings }) {
      for (const item of mappings(cluster).awsAuth) {
        if (item.subject === undefined) continue;
        const mapped = cluster.identitiesOf(item.subject).identities[0]?.mapped?.mappedBy;
        if (mapped?.source !== 'accessEntry') continue;
        yield {
          ...aboutItem(item, cluster.cluster.arn),
          message: `the item of \`${item.arn}\` in \`${item.key}\` of aws-auth counts for nothing: there is the access entry \`${mapped.arn}\``,
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-402',
    name: 'mode ignores aws-auth',
    severity: 'suggestion',
    why: 'In authentication mode API nobody reads aws-auth: what stands in it misleads.',
    fix: 'delete the ConfigMap',
    *check({ cluster }) {
      const { authenticationMode, awsAuth, arn, name } = cluster;
      if (authenticationMode !== 'API' || awsAuth === undefined) return;
      const count = awsAuth.roles.length + awsAuth.users.length + awsAuth.accounts.length;
      if (count === 0) return;
      yield {
        subject: arn,
        at: { thing: 'awsAuth', clusterArn: arn },
        message: `authentication mode \`API\` ignores aws-auth of cluster \`${name}\`: ${count} item${count === 1 ? '' : 's'}`,
        fix: 'kubectl delete configmap/aws-auth --namespace kube-system',
      };
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-403',
    name: 'item of aws-auth for a principal that does not exist',
    severity: 'security',
    why: 'aws-auth goes by the name alone: whoever makes a role or user of this name, years later and for something else, has what the item gives.',
    fix: 'take the item out of aws-auth',
    *check(cluster, { mappings }) {
      for (const item of mappings(cluster).awsAuth) {
        if (item.subject?.standing !== 'missing') continue;
        yield {
          ...aboutItem(item, cluster.cluster.arn),
          message: `\`${item.arn}\` of \`${item.key}\` in aws-auth does not exist: whoever makes a principal of this name is let in${asWhom(item.groups)}`,
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-404',
    name: 'group of aws-auth that nothing binds',
    severity: 'warning',
    why: 'A group that no binding names gives nothing: often a typing error.',
    fix: 'bind the group, correct its name, or take it out of the item',
    needs: ['rbac'],
    *check(cluster, facts) {
      const mappings = facts.mappings(cluster);
      for (const item of mappings.awsAuth) {
        // Groups of nodes count without a binding: for the Node authorizer, and for the bootstrap of kubelets.
        const unbound = item.groups.filter(
          (group) => !group.startsWith('system:') && !mappings.bindsGroup(group),
        );
        if (unbound.length === 0) continue;
        yield {
          ...aboutItem(item, cluster.cluster.arn),
          message: `no binding names ${enumerate(unbound)}, which \`${item.key}\` of aws-auth gives to \`${item.arn}\``,
          fix: `correct the name in \`${item.key}\`, or bind the group: kubectl edit configmap/aws-auth --namespace kube-system`,
        };
      }
    },
  },
];

function asWhom(groups: readonly string[]): string {
  return groups.length === 0 ? '' : `, as a member of ${enumerate(groups)}`;
}
