import type { SnapshotCluster, SnapshotPod } from '../../snapshot/snapshot.ts';
import { command } from '../commands.ts';
import type { AccessRule } from '../rule.ts';

/** Pods that were made before what gives their service account a role. */
export const podRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-831',
    name: 'Pod from before its role was given',
    severity: 'warning',
    why: 'Which credentials containers ask for is written into a Pod when it is made, and never changed: it goes on with what it had, or with nothing, until it is made again.',
    fix: 'restart what the Pod belongs to: kubectl rollout restart',
    needs: ['pods', 'podIdentity', 'serviceAccounts'],
    *check({ cluster }) {
      const meant = meantRoles(cluster);
      for (const pod of cluster.pods ?? []) {
        if (pod.hasEnded === true) continue;
        const { namespace, name } = pod;
        const remark = staleness(pod, meant(pod));
        if (remark === undefined) continue;
        yield {
          subject: `Pod ${namespace}/${name}`,
          object: `ServiceAccount ${namespace}/${pod.serviceAccount}`,
          message: `pod \`${namespace}/${name}\` ${remark}`,
          // Whatever it belongs to makes it again.
          fix: command('kubectl', 'delete', `pod/${name}`, '--namespace', namespace),
        };
      }
    },
  },
];

interface Meant {
  readonly associated: boolean;
  /** By annotation. */
  readonly roleArn: string | undefined;
}

function meantRoles(cluster: SnapshotCluster): (pod: SnapshotPod) => Meant {
  const associated = new Set(
    (cluster.podIdentityAssociations ?? []).map(
      ({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`,
    ),
  );
  const annotated = new Map(
    (cluster.serviceAccounts ?? []).map(({ namespace, name, roleArn }) => [`${namespace}/${name}`, roleArn]),
  );
  return ({ namespace, serviceAccount }) => {
    const key = `${namespace}/${serviceAccount}`;
    return { associated: associated.has(key), roleArn: annotated.get(key) };
  };
}

function staleness(
  { serviceAccount, injectedRoleArn, injectedPodIdentity, nodeName }: SnapshotPod,
  { associated, roleArn }: Meant,
): string | undefined {
  const account = `service account \`${serviceAccount}\``;
  if (associated && !injectedPodIdentity) {
    // There Pod Identity does not work at all (eks-access-facts J21).
    if (nodeName.startsWith('fargate-')) return undefined;
    return injectedRoleArn === undefined
      ? `is from before the association of its ${account}, and has no credentials of it`
      : `is from before the association of its ${account}, and still asks for \`${injectedRoleArn}\` by its token`;
  }
  if (associated) return undefined;
  if (injectedPodIdentity) return `asks Pod Identity, and its ${account} has no association any more`;
  if (roleArn === injectedRoleArn) return undefined;
  if (injectedRoleArn === undefined)
    return `is from before the annotation of its ${account}, and has no credentials of it`;
  return roleArn === undefined
    ? `still asks for \`${injectedRoleArn}\`, and the annotation of its ${account} is gone`
    : `asks for \`${injectedRoleArn}\`, and the annotation of its ${account} is \`${roleArn}\` now`;
}
