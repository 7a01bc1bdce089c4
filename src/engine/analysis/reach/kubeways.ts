import type { ClusterWorld } from '../world/cluster.ts';
import type { ClusterSubject } from '../world/subject.ts';
import { assuming, both, type Permitted } from './asking.ts';
import { createBindWays } from './bindways.ts';
import type { ClusterIndex } from './clusterindex.ts';
import { createImpersonation } from './impersonation.ts';
import { createKubeAsking, first } from './kubeasking.ts';
import { workloadKinds } from './kubepowers.ts';
import { isNodeName } from './nodes.ts';
import type { StepCode } from './step.ts';
import type { Trial } from './trial.ts';

const write = ['create', 'update', 'patch'] as const;

/** What a step is made of before it has ends. */
export interface KubeWay {
  readonly code: StepCode;
  readonly message: string;
  readonly by: Permitted;
}

/** What Kubernetes lets somebody do to become somebody else of the cluster. */
export function createKubeWays(cluster: ClusterWorld, index: ClusterIndex) {
  const { name: clusterName, authenticationMode, version } = cluster.cluster;
  const asking = createKubeAsking(cluster, index);
  const { may, mayAny, maySome } = asking;
  const binding = createBindWays(cluster, index, asking);
  const impersonation = createImpersonation(index, asking);

  /** Of a workload that is there: another image, another service account. */
  const changesWorkload = (subject: ClusterSubject, namespace: string): Permitted | undefined => {
    const by = first(workloadKinds, ({ group, resource }) =>
      maySome(subject, ['update', 'patch'], { apiGroup: group, resource, namespace }),
    );
    return by && assuming(by, 'there is a workload that it may change');
  };
  const createsWorkload = (subject: ClusterSubject, namespace: string): Permitted | undefined =>
    first(workloadKinds, ({ group, resource }) =>
      may(subject, { verb: 'create', apiGroup: group, resource, namespace }),
    );
  const debugs = (subject: ClusterSubject, namespace: string): Permitted | undefined =>
    maySome(subject, ['update', 'patch'], {
      ...{ resource: 'pods', subresource: 'ephemeralcontainers', namespace },
    });

  /** Ways that do not depend on which service account of the namespace it is. */
  function* waysIn(subject: ClusterSubject, namespace: string): Generator<KubeWay> {
    yield* way('runWorkload', `runs a Pod as it in namespace \`${namespace}\``, () =>
      createsWorkload(subject, namespace),
    );
    yield* way('bindRole', `binds itself a role in namespace \`${namespace}\``, () =>
      binding.bindsAccounts(subject, namespace),
    );
    yield* way('escalateRole', `widens a role it has in namespace \`${namespace}\``, () =>
      binding.escalates(subject, namespace),
    );
    const secrets = { resource: 'secrets', namespace };
    const reads = maySome(subject, ['get', 'list', 'watch'], secrets);
    if (reads !== undefined) {
      const creates = may(subject, { verb: 'create', ...secrets });
      const certain = creates && mayAny(subject, ['get', 'list', 'watch'], secrets);
      yield* way('tokenSecret', `reads a token of it from a Secret in namespace \`${namespace}\``, () =>
        creates && certain
          ? both(creates, certain)
          : assuming(reads, 'a Secret it may read holds a token of the service account'),
      );
    }
    yield* way('changeWorkload', `changes a workload in namespace \`${namespace}\` to run as it`, () =>
      changesWorkload(subject, namespace),
    );
    yield* way('execInPod', `runs commands in a Pod that runs as it in namespace \`${namespace}\``, () => {
      // Since 1.35 a command needs `create`, however it is sent (kubernetes-facts A12).
      const verbs = isBefore(version, 35) ? ['create', 'get'] : ['create'];
      const by =
        first(['exec', 'attach'], (subresource) =>
          maySome(subject, verbs, { resource: 'pods', subresource, namespace }),
        ) ?? debugs(subject, namespace);
      return by && assuming(by, 'a Pod of the service account runs');
    });
    yield* way('kubelet', 'runs commands in its Pods through the kubelets', () => {
      const by = maySome(subject, ['create', 'get'], { resource: 'nodes', subresource: 'proxy' });
      return by && assuming(by, 'a Pod of the service account runs');
    });
  }

  /** A certificate may name any user and group but system:masters, which the API server refuses to sign. */
  const certificate = (subject: ClusterSubject, signers: readonly string[]): Permitted | undefined => {
    const apiGroup = 'certificates.k8s.io';
    const resource = 'certificatesigningrequests';
    const created = may(subject, { verb: 'create', apiGroup, resource });
    const approved =
      created && maySome(subject, ['update', 'patch'], { apiGroup, resource, subresource: 'approval' });
    const signed =
      approved &&
      first([...signers, 'kubernetes.io/*'], (name) =>
        may(subject, { verb: 'approve', apiGroup, resource: 'signers', name }),
      );
    if (!created || !approved || !signed) return undefined;
    return assuming(both(both(created, approved), signed), 'the cluster signs client certificates');
  };

  return {
    *toAccount(subject: ClusterSubject, namespace: string, name: string): Generator<KubeWay> {
      yield* way('createToken', 'makes a token of it', () =>
        may(subject, { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace, name }),
      );
      yield* way('impersonate', 'acts as it by impersonation', () =>
        impersonation.asAccount(subject, namespace, name),
      );
      yield* waysIn(subject, namespace);
      // Service accounts are bound by their username.
      yield* way('certificate', 'has a client certificate signed that says so', () =>
        certificate(subject, [clientSigner]),
      );
    },
    *toName(subject: ClusterSubject, kind: 'User' | 'Group', name: string): Generator<KubeWay> {
      const whom = kind === 'User' ? 'user' : 'a member of group';
      yield* way('impersonate', `acts as ${whom} \`${name}\` by impersonation`, () =>
        impersonation.asName(subject, kind, name),
      );
      if (kind === 'Group' && name === 'system:masters') return;
      const signers = isNodeName(kind, name) ? [clientSigner, nodeSigner] : [clientSigner];
      yield* way('certificate', 'has a client certificate signed that says so', () =>
        certificate(subject, signers),
      );
    },
    *toAdmin(subject: ClusterSubject): Generator<KubeWay> {
      yield* way('bindRole', `binds itself to cluster-admin of cluster \`${clusterName}\``, () =>
        binding.bindsAdmin(subject),
      );
      yield* way('escalateRole', `widens a ClusterRole it has in cluster \`${clusterName}\``, () =>
        binding.escalates(subject, ''),
      );
      if (authenticationMode !== 'API') {
        const configMap = { resource: 'configmaps', namespace: 'kube-system' };
        yield* way(
          'writeAwsAuth',
          `maps an IAM principal to system:masters in aws-auth of cluster \`${clusterName}\``,
          () =>
            mayAny(subject, ['update', 'patch'], { ...configMap, name: 'aws-auth' }) ??
            (cluster.cluster.awsAuth === undefined
              ? may(subject, { verb: 'create', ...configMap })
              : undefined),
        );
      }
      yield* way('admission', `changes what others ask of cluster \`${clusterName}\` on its way`, () => {
        const by =
          first(['mutatingwebhookconfigurations', 'mutatingadmissionpolicies'], (resource) =>
            maySome(subject, write, { apiGroup: 'admissionregistration.k8s.io', resource }),
          ) ?? maySome(subject, write, { apiGroup: 'apiregistration.k8s.io', resource: 'apiservices' });
        return by && assuming(by, 'somebody with more permissions uses the cluster meanwhile');
      });
    },
    /** What is enough for a goal, in a namespace or, for '', in the whole cluster: short of everything there. */
    *toPermitted(subject: ClusterSubject, namespace: string, trial: Trial): Generator<KubeWay> {
      const where = (place: string): string =>
        place === '' ? ` in cluster \`${clusterName}\`` : ` in namespace \`${place}\``;
      for (const { ref, place, by } of binding.bindsOneOf(subject, namespace, trial.rolesIn)) {
        const message = `binds itself ${ref.kind} \`${ref.name}\`${where(place)}`;
        yield { code: 'bindRole', message, by };
      }
      if (namespace === '' || !trial.boundEverything(namespace)) return;
      yield* way('escalateRole', `widens a role it has${where(namespace)}`, () =>
        binding.escalates(subject, namespace),
      );
      yield* way('escalateRole', `binds itself a role of its own making${where(namespace)}`, () =>
        binding.makesRole(subject, namespace),
      );
    },
    /**
     * From Pods to the node that they run on. Who runs privileged Pods gains the node, and who makes PersistentVolumes does so
     * where Pods may not be privileged (Kubernetes, RBAC Good Practices): both need a Pod.
     */
    *toNodes(subject: ClusterSubject, namespace: string): Generator<KubeWay> {
      yield* way(
        'takeNode',
        `takes over the node of a Pod that it runs in namespace \`${namespace}\``,
        () => {
          const by =
            createsWorkload(subject, namespace) ??
            changesWorkload(subject, namespace) ??
            debugs(subject, namespace);
          return by && assuming(by, 'nothing keeps its Pods from their node');
        },
      );
    },
  };
}

const clientSigner = 'kubernetes.io/kube-apiserver-client';
const nodeSigner = 'kubernetes.io/kube-apiserver-client-kubelet';

function way(code: StepCode, message: string, find: () => Permitted | undefined): readonly KubeWay[] {
  const by = find();
  return by === undefined ? [] : [{ code, message, by }];
}

/** Of an unknown version: perhaps. */
function isBefore(version: string | undefined, minor: number): boolean {
  const found = /^1\.(\d+)$/.exec(version ?? '')?.[1];
  return found === undefined || Number(found) < minor;
}
