import { podIdentityAudience } from '../../../podcredentials/names.ts';
import { enumerate } from '../../policylint/policy.ts';
import type { SnapshotCluster, SnapshotPod } from '../../snapshot/snapshot.ts';
import { command } from '../commands.ts';
import type { AccessRule } from '../rule.ts';
import { workloadLabel } from './workloads.ts';

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
      const found = new Map<string, Stale>();
      for (const pod of cluster.pods ?? []) {
        if (pod.hasEnded === true) continue;
        const { namespace, serviceAccount, injectedPodIdentity, injectedRoleArn } = pod;
        const remark = staleness(pod, meant(pod));
        if (remark === undefined) continue;
        const asks = injectedPodIdentity ? podIdentityAudience : injectedRoleArn;
        const key = `${namespace}/${serviceAccount} ${asks}`;
        const known = found.get(key);
        if (known === undefined)
          found.set(key, { namespace, serviceAccount, asks, remark, names: [pod.name] });
        else known.names.push(pod.name);
      }
      // All of a service account are told at once: there may be hundreds, and one restart ends it.
      for (const { namespace, serviceAccount, asks, remark, names } of found.values()) {
        const pods = enumerate(names.sort().map((name) => `${namespace}/${name}`));
        yield {
          subject: workloadLabel(namespace, serviceAccount),
          ...(asks !== undefined && { object: asks }),
          message: `${names.length === 1 ? `pod ${pods} is` : `${names.length} pods are`} ${remark}${names.length === 1 ? '' : `: ${pods}`}`,
          // Whatever it belongs to makes it again.
          fix:
            names.length === 1
              ? command('kubectl', 'delete', `pod/${names[0]}`, '--namespace', namespace)
              : `restart what they belong to: ${command('kubectl', 'rollout', 'restart', '--namespace', namespace)} …`,
        };
      }
    },
  },
];

/** Pods of one service account to which the same is to be said. */
interface Stale {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** What they ask for credentials: a role by its token, or Pod Identity. */
  readonly asks: string | undefined;
  readonly remark: string;
  readonly names: string[];
}

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

/** What is to be said of one pod, of several alike. */
function staleness(
  { namespace, serviceAccount, injectedRoleArn, injectedPodIdentity, nodeName }: SnapshotPod,
  { associated, roleArn }: Meant,
): string | undefined {
  const account = `service account \`${namespace}/${serviceAccount}\``;
  if (associated && !injectedPodIdentity) {
    // There Pod Identity does not work at all (eks-access-facts J21).
    if (nodeName.startsWith('fargate-')) return undefined;
    return injectedRoleArn === undefined
      ? `from before the association of ${account}, without credentials of it`
      : `from before the association of ${account}, still asking for \`${injectedRoleArn}\` by a token`;
  }
  if (associated) return undefined;
  if (injectedPodIdentity) return `asking Pod Identity, where ${account} has no association any more`;
  if (roleArn === injectedRoleArn) return undefined;
  if (injectedRoleArn === undefined)
    return `from before the annotation of ${account}, without credentials of it`;
  return `asking for \`${injectedRoleArn}\` by a token, where the annotation of ${account} is ${
    roleArn === undefined ? 'gone' : `\`${roleArn}\` now`
  }, unless AWS_ROLE_ARN is set on purpose`;
}
