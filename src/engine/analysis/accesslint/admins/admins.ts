import { isAccountId } from '../../../arn/arn.ts';
import { isEverything } from '../../accesspolicylint/reach.ts';
import { enumerate } from '../../policylint/policy.ts';
import type { SnapshotCluster } from '../../snapshot/snapshot.ts';
import type { ClusterWorld } from '../../world/cluster.ts';
import { command, disassociate, removeSubject } from '../commands.ts';
import type { Facts } from '../facts.ts';
import type { Grant } from '../grants.ts';
import { aboutItem, canBecome, subjectNamed } from '../mappings.ts';
import { everybodyIn, isProgram, subjectLabel } from '../names.ts';
import type { AccessRule } from '../rule.ts';

const masters = 'system:masters';

/** Whether it makes administrators: everything, everywhere. */
export function makesAdmins({ rules, namespaces }: Grant): boolean {
  return namespaces === undefined && rules.some(isEverything);
}

/** Who may do everything in a cluster, by each of the ways to it. */
export const adminRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-001',
    name: 'administrator by access policy',
    severity: 'suggestion',
    why: 'An access policy that allows everything in the whole cluster. Every cluster has such principals; each should be one that somebody decided for.',
    fix: 'associate AmazonEKSAdminPolicy or AmazonEKSEditPolicy with a scope of namespaces instead, or suppress the finding with the reason',
    *check(cluster, facts) {
      for (const grant of facts.grants(cluster)) {
        if (grant.by !== 'association' || !makesAdmins(grant)) continue;
        const { subject, object, policyArn, at } = grant;
        const principal = subjectNamed(subject, facts.world.principals);
        // Of an entry that lets nobody in another rule tells.
        if (
          principal !== undefined &&
          principal.standing !== 'unlisted' &&
          !facts.isAdmin(cluster, principal)
        )
          continue;
        yield {
          ...{ subject, object, at },
          message: `\`${subject}\` may do everything in the cluster by access policy \`${object}\``,
          fix: disassociate(cluster.cluster.name, subject, policyArn),
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-002',
    name: 'administrator by system:masters',
    severity: 'security',
    why: 'Members of system:masters are allowed before any authorizer is asked: no binding, policy or webhook can limit them, and deleting bindings takes nothing away.',
    fix: 'map them to a group of your own that a ClusterRoleBinding names, or make an access entry with AmazonEKSClusterAdminPolicy',
    *check(cluster, facts) {
      const { arn: clusterArn } = cluster.cluster;
      for (const item of facts.mappings(cluster).awsAuth) {
        // Asked, not read: a template can become the group, and an item that another goes before gives nothing.
        const identities = item.subject === undefined ? [] : cluster.identitiesOf(item.subject).identities;
        const isMaster = identities.some(
          ({ user, mapped }) => mapped?.mappedBy.source === 'awsAuth' && user.groups.includes(masters),
        );
        if (!isMaster || !item.groups.some((group) => canBecome(group, masters))) continue;
        yield {
          ...aboutItem(item, clusterArn),
          message: `\`${item.key}\` of aws-auth makes \`${item.arn}\` a member of \`${masters}\``,
          fix: `replace \`${masters}\` by a group of your own, or move the item to an access entry: entryway migrate aws-auth`,
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-003',
    name: 'administrator by binding',
    severity: 'warning',
    why: 'A ClusterRoleBinding gives users or groups a role that allows everything. Whoever may map principals to the group makes administrators.',
    fix: 'bind a role with the permissions that are used, or bind it in namespaces with RoleBindings',
    *check(cluster, facts) {
      for (const { grant, subject, label } of boundAdmins(facts.grants(cluster))) {
        // Of programs, and of everybody, other rules tell.
        if (isProgram(subject, '') || everybodyIn(subject) !== undefined) continue;
        const members = subject.kind === 'Group' ? membersOf(subject.name, cluster, facts) : [];
        const who = members.length === 0 ? '' : `, and so ${enumerate(members)}`;
        yield {
          ...{ subject: label, object: grant.subject, at: grant.at },
          message: `\`${grant.subject}\` lets \`${label}\`${who} do everything in the cluster`,
          fix: removeSubject(grant.binding, '', subject),
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-004',
    name: 'service account is administrator',
    severity: 'security',
    why: 'Whoever starts a Pod with the service account, runs a command in one, or reads its token is administrator; so is whoever breaks into the program.',
    fix: 'give the program a role with the verbs and resources it uses',
    *check(cluster, facts) {
      for (const { grant, subject, label } of boundAdmins(facts.grants(cluster))) {
        if (!isProgram(subject, '')) continue;
        yield {
          ...{ subject: label, object: grant.subject, at: grant.at },
          message: `\`${grant.subject}\` lets \`${label}\` do everything in the cluster`,
          fix: removeSubject(grant.binding, '', subject),
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-005',
    name: 'hidden administrator',
    severity: 'warning',
    why: 'Whoever created a cluster in mode CONFIG_MAP is administrator, and nothing in the cluster shows it or takes it away (eks-access-facts D8).',
    fix: 'switch to API_AND_CONFIG_MAP, which makes an access entry of it that can be deleted',
    *check({ cluster }, { world }) {
      const { hiddenAdminPrincipalId: id } = cluster;
      if (id === undefined) return;
      const arn = world.principals.ofId(id)?.record.arn ?? id;
      // Of an account that was read whoever is not there was deleted, and nobody has the id again.
      if (arn === id && !isAccountId(id) && world.principals.isRead(cluster.accountId)) return;
      yield {
        subject: arn,
        at: { thing: 'cluster', clusterArn: cluster.arn },
        message: `\`${arn}\` created the cluster and is its administrator, which no entry and no binding shows`,
        fix: visibleEntries(cluster),
      };
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-006',
    name: 'break-glass administrator',
    severity: 'suggestion',
    why: 'The break-glass principal is administrator whatever entries and aws-auth say. It should be one that nobody works as, and whose use raises an alarm.',
    fix: 'see that the principal is meant for this, needs MFA to be assumed, and suppress the finding with the reason',
    *check({ cluster }) {
      const { breakGlass } = cluster;
      if (breakGlass === undefined) return;
      yield {
        subject: breakGlass.principalArn,
        at: { thing: 'cluster', clusterArn: cluster.arn },
        message: `\`${breakGlass.principalArn}\` is the break-glass principal: administrator whatever else is written`,
        fix: command('entryway', 'cluster', 'break-glass', 'remove', cluster.name),
      };
    },
  },
];

function visibleEntries({ name, authenticationMode }: SnapshotCluster): string {
  if (authenticationMode !== 'CONFIG_MAP')
    return 'recreate the cluster without it, or keep its credentials locked away';
  return command(
    ...['aws', 'eks', 'update-cluster-config', '--name', name],
    ...['--access-config', 'authenticationMode=API_AND_CONFIG_MAP'],
  );
}

function* boundAdmins(grants: readonly Grant[]) {
  for (const grant of grants) {
    if (grant.by !== 'binding' || !makesAdmins(grant)) continue;
    for (const subject of grant.subjects) yield { grant, subject, label: subjectLabel(subject, '') };
  }
}

/** Whom the group lets do it: not those whose entry or item lets nobody in. */
function membersOf(group: string, cluster: ClusterWorld, facts: Facts): readonly string[] {
  return facts
    .mappings(cluster)
    .membersOf(group)
    .filter((arn) => {
      const subject = subjectNamed(arn, facts.world.principals);
      return subject === undefined || cluster.identitiesOf(subject).identities.length > 0;
    });
}
