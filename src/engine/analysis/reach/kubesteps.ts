import type { SnapshotPod } from '../snapshot/snapshot.ts';
import type { ClusterWorld } from '../world/cluster.ts';
import { type ClusterSubject, subjectKey } from '../world/subject.ts';
import { type Permitted, stepOf, surestOf } from './asking.ts';
import type { ClusterIndex } from './clusterindex.ts';
import { maskOf } from './kubepowers.ts';
import { createKubeWays, type KubeWay } from './kubeways.ts';
import { nodeKey, type ReachNode } from './node.ts';
import {
  accountsInHosts,
  isInstanceRole,
  isNode,
  nodesGroup,
  podsOfNode,
  roleOfHost,
  roleOfNode,
} from './nodes.ts';
import type { IsKnown, StepRules } from './rules.ts';
import type { ReachStep, StepCode } from './step.ts';
import type { TrialOf } from './trial.ts';

const toAccount = maskOf(
  ...(['createToken', 'impersonate', 'workload', 'exec', 'secrets', 'kubelet', 'bind', 'escalate'] as const),
  'certificate',
);
const toName = maskOf('impersonate', 'certificate');
const toAdmin = maskOf('bind', 'escalate', 'awsAuth', 'admission');
const toNodes = maskOf('workload', 'exec');
const toPermitted = maskOf('bind', 'escalate');

/** From any subject of a cluster to others of it, by what Kubernetes lets it do, and to the roles of its nodes. */
export function createKubeSteps(cluster: ClusterWorld, index: ClusterIndex, trialOf: TrialOf): StepRules {
  const { arn: clusterArn, name: clusterName } = cluster.cluster;
  const ways = createKubeWays(cluster, index);

  const nodeOf = (subject: ClusterSubject): ReachNode =>
    subject.kind === 'iam' ? { kind: 'iam', subject } : { kind: 'kubernetes', clusterArn, subject };
  const admin: ReachNode = { kind: 'clusterAdmin', clusterArn };
  const nodes = nodeOf(nodesGroup);
  const nodesKey = nodeKey(nodes);

  const waysTo = (subject: ClusterSubject, to: ReachNode): Iterable<KubeWay> => {
    if (to.kind === 'clusterAdmin') return ways.toAdmin(subject);
    if (to.kind !== 'kubernetes') return [];
    const { kind, namespace, name } = to.subject;
    return kind === 'ServiceAccount'
      ? ways.toAccount(subject, namespace, name)
      : ways.toName(subject, kind, name);
  };

  const step = (subject: ClusterSubject, to: ReachNode): ReachStep | undefined => {
    const best = surestOf(waysTo(subject, to));
    return best && stepOf(best.code, { from: nodeOf(subject), to }, best.message, best.by);
  };

  /** By what the ends are, whatever anybody is allowed. */
  const given = (code: StepCode, from: ReachNode, to: ReachNode, message: string, by: Permitted): ReachStep =>
    stepOf(code, { from, to }, message, by);
  const actsAsAdmin = (to: ReachNode): ReachStep =>
    given('actAsAdmin', admin, to, `acts as it, as an administrator of cluster \`${clusterName}\``, {
      ...{ certainty: 'always', conditions: [], evidence: [] },
    });
  const hasPodsOf = (from: ClusterSubject, to: ReachNode): ReachStep =>
    given('nodePods', nodeOf(from), to, 'has its token, as the node of one of its Pods', podsOfNode);
  const hasRole = (to: ReachNode): ReachStep =>
    given('nodeRole', nodes, to, 'takes the credentials of the node', roleOfNode);

  const hosts = accountsInHosts(cluster);
  /** Which instance has which role no snapshot tells: it may be any role of nodes. */
  const hasHostRole = (from: ClusterSubject, pod: SnapshotPod, to: ReachNode): ReachStep =>
    given(
      'nodeRole',
      nodeOf(from),
      to,
      `takes the credentials of the node by Pod \`${pod.namespace}/${pod.name}\`, which has the node's network`,
      roleOfHost,
    );

  const takesNode = (subject: ClusterSubject): ReachStep | undefined => {
    for (const namespace of index.placesOf(subject, toNodes)) {
      const best = surestOf(ways.toNodes(subject, namespace));
      if (best) return stepOf(best.code, { from: nodeOf(subject), to: nodes }, best.message, best.by);
    }
    return undefined;
  };

  /** The plainest certain step, else the plainest. */
  const toNodesStep = (subject: ClusterSubject): ReachStep | undefined => {
    const named = index.powersOf(subject, '') & toName ? step(subject, nodes) : undefined;
    return named ?? takesNode(subject);
  };

  /** From whoever binds or widens roles, wherever that is enough. */
  function* permitting(
    to: ReachNode & { readonly kind: 'permitted' },
    isKnown: IsKnown,
  ): Generator<ReachStep> {
    const trial = trialOf(cluster, to.goal);
    for (const subject of index.withPowerAnywhere(toPermitted)) {
      const from = nodeOf(subject);
      if (isKnown(nodeKey(from))) continue;
      const own = index.placesOf(subject, toPermitted);
      const everywhere = own.includes('');
      const places = trial.isAny
        ? new Set([...(everywhere ? trial.namespaces : []), ...own])
        : new Set(trial.namespaces.length === 0 ? own.filter((name) => name === '') : trial.namespaces);
      const best = surestOf(
        (function* () {
          for (const place of places)
            if (everywhere || own.includes(place)) yield* ways.toPermitted(subject, place, trial);
        })(),
      );
      if (best) yield stepOf(best.code, { from, to }, best.message, best.by);
    }
  }

  const powersTo = (to: ReachNode): readonly [mask: number, namespace: string] => {
    if (to.kind === 'clusterAdmin') return [toAdmin, ''];
    if (to.kind !== 'kubernetes') return [0, ''];
    return to.subject.kind === 'ServiceAccount' ? [toAccount, to.subject.namespace] : [toName, ''];
  };

  return {
    *into(to, isKnown) {
      if (to.kind === 'iam') {
        if (!isInstanceRole(cluster, to.subject)) return;
        if (!isKnown(nodesKey)) yield hasRole(to);
        for (const [key, pod] of hosts) {
          const from = index.subjects.get(key);
          if (from !== undefined && !isKnown(nodeKey(nodeOf(from)))) yield hasHostRole(from, pod, to);
        }
        return;
      }
      if (to.clusterArn !== clusterArn) return;
      if (to.kind === 'permitted') {
        yield* permitting(to, isKnown);
        return;
      }
      if (to.kind === 'kubernetes' && !isKnown(nodeKey(admin))) yield actsAsAdmin(to);
      const [mask, namespace] = powersTo(to);
      // aws-auth is written in its namespace; what binds a namespace's groups of impersonation is cluster-wide.
      const places = to.kind === 'clusterAdmin' ? 'kube-system' : namespace;
      const target = nodeKey(to);
      const isNodes = target === nodesKey;
      const subjects = isNodes ? index.withPowerAnywhere(toNodes | toName) : index.withPower(mask, places);
      for (const subject of subjects) {
        const key = nodeKey(nodeOf(subject));
        if (key === target || isKnown(key)) continue;
        const found = isNodes ? toNodesStep(subject) : step(subject, to);
        if (found !== undefined) yield found;
      }
      if (to.kind !== 'kubernetes' || to.subject.kind !== 'ServiceAccount') return;
      for (const subject of index.nodes) {
        if (!isKnown(nodeKey(nodeOf(subject)))) yield hasPodsOf(subject, to);
      }
    },
    *from(from, isKnown) {
      if (from.kind === 'clusterAdmin') {
        if (from.clusterArn !== clusterArn) return;
        for (const subject of index.subjects.values()) {
          if (subject.kind !== 'iam' && !isKnown(nodeKey(nodeOf(subject))))
            yield actsAsAdmin(nodeOf(subject));
        }
        return;
      }
      if (from.kind === 'permitted' || (from.kind === 'kubernetes' && from.clusterArn !== clusterArn)) return;
      const subject = index.subjects.get(subjectKey(from.subject));
      if (subject === undefined) return;
      yield* stepsFrom(subject, isKnown);
    },
  };

  function* stepsFrom(subject: ClusterSubject, isKnown: IsKnown): Generator<ReachStep> {
    const own = nodeKey(nodeOf(subject));
    const isOneOfNodes = isNode(cluster, subject);
    const targets = [admin, ...[...index.subjects.values()].filter(({ kind }) => kind !== 'iam').map(nodeOf)];
    for (const to of targets) {
      const key = nodeKey(to);
      if (key === own || isKnown(key)) continue;
      const [mask, namespace] = powersTo(to);
      const place = to.kind === 'clusterAdmin' ? 'kube-system' : namespace;
      const hasPower = (index.powersOf(subject, place) & mask) !== 0;
      const found = key === nodesKey ? toNodesStep(subject) : hasPower ? step(subject, to) : undefined;
      if (found !== undefined) yield found;
      if (isOneOfNodes && to.kind === 'kubernetes' && to.subject.kind === 'ServiceAccount')
        yield hasPodsOf(subject, to);
    }
    const pod = hosts.get(subjectKey(subject));
    if (own !== nodesKey && pod === undefined) return;
    for (const role of index.nodes) {
      if (!isInstanceRole(cluster, role) || isKnown(nodeKey(nodeOf(role)))) continue;
      yield pod === undefined ? hasRole(nodeOf(role)) : hasHostRole(subject, pod, nodeOf(role));
    }
  }
}
