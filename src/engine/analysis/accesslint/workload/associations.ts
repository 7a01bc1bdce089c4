import { podIdentityAudience, roleAnnotation } from '../../../podcredentials/names.ts';
import type { WorkloadRefusal } from '../../reach/workload.ts';
import type { SnapshotCluster, SnapshotPodIdentityAssociation } from '../../snapshot/snapshot.ts';
import type { KnownPrincipal } from '../../world/principals.ts';
import { command } from '../commands.ts';
import type { Facts } from '../facts.ts';
import type { AccessRule, Spotted } from '../rule.ts';
import { readsPodTags } from './podtags.ts';
import { workloadLabel } from './workloads.ts';

type KnownRole = KnownPrincipal & { readonly kind: 'role' };

/** Associations of Pod Identity that give nothing, or something else than is meant (eks-access-facts J). */
export const associationRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-811',
    name: 'association of a service account that does not exist',
    severity: 'warning',
    why: 'Neither EKS nor anybody else asks whether namespace and service account exist (eks-access-facts J5). Whoever makes them later has the role.',
    fix: 'delete the association, or make the service account',
    needs: ['podIdentity', 'serviceAccounts'],
    *check({ cluster }) {
      const there = new Set(
        (cluster.serviceAccounts ?? []).map(({ namespace, name }) => `${namespace}/${name}`),
      );
      const namespaces = cluster.namespaces && new Set(cluster.namespaces);
      for (const association of cluster.podIdentityAssociations ?? []) {
        const { namespace, serviceAccount, roleArn } = association;
        if (there.has(`${namespace}/${serviceAccount}`)) continue;
        const isGone = namespaces?.has(namespace) === false;
        yield {
          ...{ ...base(association), object: roleArn },
          message: `\`${roleArn}\` is associated with \`${namespace}/${serviceAccount}\`, ${
            isGone ? `and there is no namespace \`${namespace}\`` : 'which does not exist'
          }`,
          fix: deleteAssociation(cluster, association),
        };
      }
    },
  },
  refusedRule(
    {
      id: 'EW-ACC-812',
      name: 'association of a role that cannot be given',
      severity: 'error',
      why: 'The role does not exist, or is of another account than the cluster (eks-access-facts J6). Pods of the service account get no credentials of AWS, and those that an annotation would give them neither: Pod Identity goes first.',
      fix: 'delete the association, or update it with a role that exists',
    },
    ({ refusal }) => refusal.code !== 'notAllowed',
    (cluster, association) => deleteAssociation(cluster, association),
  ),
  refusedRule(
    {
      id: 'EW-ACC-813',
      name: 'association of a role that does not trust Pod Identity',
      severity: 'error',
      why: 'EKS assumes the role as `pods.eks.amazonaws.com` with `sts:AssumeRole`, and with `sts:TagSession` unless session tags are disabled (eks-access-facts J7, J8). Both must be allowed for these tags.',
      fix: 'let pods.eks.amazonaws.com have sts:AssumeRole and sts:TagSession in the trust policy of the role',
    },
    ({ refusal, association }) =>
      refusal.code === 'notAllowed' && refusal.asked?.resource === association.roleArn,
    (_, { roleArn }) =>
      `allow \`${podIdentityAudience}\` \`sts:AssumeRole\` and \`sts:TagSession\` in the trust policy of \`${roleArn}\``,
  ),
  refusedRule(
    {
      id: 'EW-ACC-814',
      name: 'association whose target role cannot be had',
      severity: 'error',
      why: 'The role of the association assumes the target role: its own policies and the trust policy of the target must both let it, with `sts:TagSession` as well, since session tags are passed on, unless they are disabled.',
      fix: 'let the role assume the target role, on both sides',
    },
    ({ refusal, association }) =>
      refusal.code === 'notAllowed' && refusal.asked?.resource !== association.roleArn,
    (_, { roleArn, targetRoleArn }) =>
      `allow \`sts:AssumeRole\` and \`sts:TagSession\` in the policies of \`${roleArn}\` and in the trust policy of \`${targetRoleArn}\``,
  ),
  {
    about: 'cluster',
    id: 'EW-ACC-815',
    name: 'service account with an annotation and an association',
    severity: 'warning',
    why: 'Pod Identity goes first (eks-access-facts J20). The annotation counts for nothing, until somebody deletes the association; the trust that it needed is still there.',
    fix: 'take the annotation away once the Pods were started again, then the statement of the trust policy',
    needs: ['podIdentity', 'serviceAccounts'],
    *check({ cluster }) {
      const roles = new Map(
        (cluster.podIdentityAssociations ?? []).map(({ namespace, serviceAccount, ...association }) => [
          `${namespace}/${serviceAccount}`,
          association,
        ]),
      );
      for (const { namespace, name, roleArn } of cluster.serviceAccounts ?? []) {
        const association = roles.get(`${namespace}/${name}`);
        if (roleArn === undefined || association === undefined) continue;
        const given = association.targetRoleArn ?? association.roleArn;
        yield {
          ...{ subject: workloadLabel(namespace, name), object: roleArn },
          message: `service account \`${namespace}/${name}\` is annotated with \`${roleArn}\`, and its association gives it ${
            given === roleArn ? 'the same role' : `\`${given}\``
          } before that`,
          fix: command(
            ...['kubectl', 'annotate', `serviceaccount/${name}`, '--namespace', namespace],
            `${roleAnnotation}-`,
          ),
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-816',
    name: 'session tags disabled that policies ask for',
    severity: 'error',
    why: 'A policy of the role compares aws:PrincipalTag with tags that Pod Identity gives, and this association does not give them (eks-access-facts J8): what is allowed by them is refused, and what is denied by them is not.',
    fix: 'update the association with session tags, or take the condition out of the policy',
    needs: ['podIdentity'],
    *check({ cluster }, facts) {
      for (const association of cluster.podIdentityAssociations ?? []) {
        if (!association.disableSessionTags) continue;
        for (const arn of [association.roleArn, association.targetRoleArn]) {
          const role = arn === undefined ? undefined : roleOf(arn, facts);
          const policy = role && readsPodTags(role, facts.world.principals);
          if (role === undefined || policy === undefined) continue;
          yield {
            ...{ ...base(association), object: role.record.arn },
            message: `${about(association)} gives no session tags, and ${policy} of \`${role.record.arn}\` compares them`,
            fix: command(
              ...['aws', 'eks', 'update-pod-identity-association', '--cluster-name', cluster.name],
              ...['--association-id', association.associationId, '--no-disable-session-tags'],
            ),
          };
        }
      }
    },
  },
];

function base({ namespace, serviceAccount }: SnapshotPodIdentityAssociation): Pick<Spotted, 'subject'> {
  return { subject: workloadLabel(namespace, serviceAccount) };
}

function about({ namespace, serviceAccount }: SnapshotPodIdentityAssociation): string {
  return `the association of \`${namespace}/${serviceAccount}\``;
}

function deleteAssociation(
  { name }: SnapshotCluster,
  { associationId }: SnapshotPodIdentityAssociation,
): string {
  return command(
    ...['aws', 'eks', 'delete-pod-identity-association', '--cluster-name', name],
    ...['--association-id', associationId],
  );
}

function roleOf(arn: string, { world: { principals } }: Facts): KnownRole | undefined {
  const known = principals.named(arn);
  return known?.kind === 'role' && known.record.arn === arn ? known : undefined;
}

interface Refused {
  readonly association: SnapshotPodIdentityAssociation;
  readonly refusal: WorkloadRefusal;
}

/** A rule about associations that give nothing for certain, and why. */
function refusedRule(
  text: Pick<AccessRule, 'id' | 'name' | 'severity' | 'why' | 'fix'>,
  isMeant: (refused: Refused) => boolean,
  fixOf: (cluster: SnapshotCluster, association: SnapshotPodIdentityAssociation) => string,
): AccessRule {
  return {
    about: 'cluster',
    ...text,
    needs: ['podIdentity'],
    *check(cluster, { podIdentity }): Generator<Spotted> {
      for (const association of cluster.associations.listed) {
        const { namespace, serviceAccount: name } = association;
        const refusal = podIdentity.waysOf(cluster, { namespace, name })[0]?.refusal;
        if (refusal === undefined || !isMeant({ association, refusal })) continue;
        yield {
          ...{ ...base(association), object: association.targetRoleArn ?? association.roleArn },
          message: `${about(association)} gives nothing: ${refusal.message}`,
          fix: fixOf(cluster.cluster, association),
        };
      }
    },
  };
}
