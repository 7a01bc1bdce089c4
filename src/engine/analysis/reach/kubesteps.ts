import type { ClusterWorld } from '../world/cluster.ts';
import type { Question } from '../world/question.ts';
import { type ClusterSubject, subjectKey } from '../world/subject.ts';
import { assuming, both, type Permitted, stepOf, surest } from './asking.ts';
import type { ClusterIndex } from './clusterindex.ts';
import { maskOf, workloadKinds } from './kubepowers.ts';
import { nodeKey, type ReachNode } from './node.ts';
import type { IsKnown, StepRules } from './rules.ts';
import type { ReachStep, StepCode } from './step.ts';

const rbac = 'rbac.authorization.k8s.io';
const write = ['create', 'update', 'patch'] as const;

const toAccount = maskOf(
  'createToken',
  'impersonate',
  'workload',
  'exec',
  'secrets',
  'kubelet',
  'bind',
  'escalate',
);
const toName = maskOf('impersonate', 'certificate');
const toAdmin = maskOf('bind', 'escalate', 'awsAuth', 'admission');

/** From any subject of a cluster to others of it, by what Kubernetes lets it do. */
export function createKubeSteps(cluster: ClusterWorld, index: ClusterIndex): StepRules {
  const { arn: clusterArn, name: clusterName, authenticationMode, version } = cluster.cluster;

  const may = (subject: ClusterSubject, asked: Asked): Permitted | undefined => {
    const question: Question = {
      kind: 'resource',
      apiGroup: '',
      subresource: '',
      namespace: '',
      name: '',
      ...asked,
    };
    const answer = cluster.can(subject, question);
    if (!answer.allowed) return undefined;
    return {
      certainty: 'always',
      conditions: [],
      evidence: [{ kind: 'kubernetes', clusterArn, question, decision: answer.decision }],
    };
  };
  const mayAny = (subject: ClusterSubject, verbs: readonly string[], asked: Omit<Asked, 'verb'>) =>
    first(verbs, (verb) => may(subject, { verb, ...asked }));
  /** Also where rules name the objects: then of one of those. */
  const maySome = (subject: ClusterSubject, verbs: readonly string[], asked: Omit<Asked, 'verb'>) => {
    const { apiGroup = '', resource, subresource = '' } = asked;
    const target = subresource === '' ? resource : `${resource}/${subresource}`;
    return first(['', ...index.namesOf(apiGroup, target)], (name) =>
      mayAny(subject, verbs, { ...asked, name }),
    );
  };

  /** Whether a role, bound in the namespace, lets its bearer be the service accounts there. */
  const isWorthBinding = (kind: 'ClusterRole' | 'Role', namespace: string, name: string): boolean => {
    const rules = cluster.authorizer.roleRules(kind, namespace, name) ?? [];
    return rules.some(
      ({ verbs, apiGroups, resources }) =>
        (verbs.includes('*') || verbs.includes('create')) &&
        (apiGroups.includes('*') || apiGroups.includes('')) &&
        ['*', '*/token', 'serviceaccounts/token', 'pods'].some((resource) => resources.includes(resource)),
    );
  };

  const binds = (subject: ClusterSubject, namespace: string): Permitted | undefined => {
    const kind = namespace === '' ? 'clusterrolebindings' : 'rolebindings';
    const written =
      mayAny(subject, ['create'], { apiGroup: rbac, resource: kind, namespace }) ??
      maySome(subject, ['update', 'patch'], { apiGroup: rbac, resource: kind, namespace });
    if (written === undefined) return undefined;
    const bound = first(['', 'cluster-admin', ...index.namesOf(rbac, 'clusterroles')], (name) => {
      if (name !== '' && name !== 'cluster-admin') {
        const isAdmin = namespace === '' ? isEverything(name) : isWorthBinding('ClusterRole', '', name);
        if (!isAdmin) return undefined;
      }
      return may(subject, { verb: 'bind', apiGroup: rbac, resource: 'clusterroles', namespace, name });
    });
    if (bound !== undefined) return both(written, bound);
    if (namespace === '') return undefined;
    const role = first(index.namesOf(rbac, 'roles'), (name) =>
      isWorthBinding('Role', namespace, name)
        ? may(subject, { verb: 'bind', apiGroup: rbac, resource: 'roles', namespace, name })
        : undefined,
    );
    return role && both(written, role);
  };

  const isEverything = (name: string): boolean =>
    (cluster.authorizer.roleRules('ClusterRole', '', name) ?? []).some(
      ({ verbs, apiGroups, resources, resourceNames }) =>
        resourceNames.length === 0 && [verbs, apiGroups, resources].every((list) => list.includes('*')),
    );

  /** Widening a role that is bound to it already: in the namespace, or cluster-wide for ''. */
  const escalates = (subject: ClusterSubject, namespace: string): Permitted | undefined =>
    surest(
      index.boundRoles(subject, namespace).map(({ kind, name }) => {
        const asked = { apiGroup: rbac, resource: kind === 'Role' ? 'roles' : 'clusterroles', name } as const;
        const where = kind === 'Role' ? namespace : '';
        const written = mayAny(subject, ['update', 'patch'], { ...asked, namespace: where });
        const raised = written && may(subject, { verb: 'escalate', ...asked, namespace: where });
        return written && raised && both(written, raised);
      }),
    );

  /** Ways that do not depend on which service account of the namespace it is. */
  function* waysIn(subject: ClusterSubject, namespace: string): Generator<Way> {
    yield* way('runWorkload', `runs a Pod as it in namespace \`${namespace}\``, () =>
      first(workloadKinds, ({ group, resource }) =>
        may(subject, { verb: 'create', apiGroup: group, resource, namespace }),
      ),
    );
    yield* way('bindRole', `binds itself a role in namespace \`${namespace}\``, () =>
      binds(subject, namespace),
    );
    yield* way('escalateRole', `widens a role it has in namespace \`${namespace}\``, () =>
      escalates(subject, namespace),
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
    yield* way('changeWorkload', `changes a workload in namespace \`${namespace}\` to run as it`, () => {
      const by = first(workloadKinds, ({ group, resource }) =>
        maySome(subject, ['update', 'patch'], { apiGroup: group, resource, namespace }),
      );
      return by && assuming(by, 'there is a workload that it may change');
    });
    yield* way('execInPod', `runs commands in a Pod that runs as it in namespace \`${namespace}\``, () => {
      // Since 1.35 a command needs `create`, however it is sent (kubernetes-facts A12).
      const verbs = isBefore(version, 35) ? ['create', 'get'] : ['create'];
      const by =
        first(['exec', 'attach'], (subresource) =>
          maySome(subject, verbs, { resource: 'pods', subresource, namespace }),
        ) ??
        maySome(subject, ['update', 'patch'], {
          ...{ resource: 'pods', subresource: 'ephemeralcontainers', namespace },
        });
      return by && assuming(by, 'a Pod of the service account runs');
    });
    yield* way('kubelet', 'runs commands in its Pods through the kubelets', () => {
      const by = maySome(subject, ['create', 'get'], { resource: 'nodes', subresource: 'proxy' });
      return by && assuming(by, 'a Pod of the service account runs');
    });
  }

  function* waysToAccount(subject: ClusterSubject, namespace: string, name: string): Generator<Way> {
    yield* way('createToken', 'makes a token of it', () =>
      may(subject, { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace, name }),
    );
    yield* way('impersonate', 'acts as it by impersonation', () =>
      may(subject, { verb: 'impersonate', resource: 'serviceaccounts', namespace, name }),
    );
  }

  /** A certificate may name any user and group but system:masters, which the API server refuses to sign. */
  const certificate = (subject: ClusterSubject): Permitted | undefined => {
    const apiGroup = 'certificates.k8s.io';
    const resource = 'certificatesigningrequests';
    const created = may(subject, { verb: 'create', apiGroup, resource });
    const approved =
      created && maySome(subject, ['update', 'patch'], { apiGroup, resource, subresource: 'approval' });
    const signed =
      approved &&
      first(['kubernetes.io/kube-apiserver-client', 'kubernetes.io/*'], (name) =>
        may(subject, { verb: 'approve', apiGroup, resource: 'signers', name }),
      );
    if (!created || !approved || !signed) return undefined;
    return assuming(both(both(created, approved), signed), 'the cluster signs client certificates');
  };

  /** Whoever impersonates a group has to impersonate somebody (kubernetes-facts A14). */
  const impersonatesAnybody = (subject: ClusterSubject): Permitted | undefined =>
    maySome(subject, ['impersonate'], { resource: 'users' }) ??
    first(
      [
        ...new Set(
          [...index.subjects.values()].flatMap(({ kind, ...of }) =>
            kind === 'ServiceAccount' && 'namespace' in of ? [of.namespace] : [],
          ),
        ),
      ].slice(0, 100),
      (namespace) => maySome(subject, ['impersonate'], { resource: 'serviceaccounts', namespace }),
    );

  function* waysToName(subject: ClusterSubject, kind: 'User' | 'Group', name: string): Generator<Way> {
    yield* way(
      'impersonate',
      `acts as ${kind === 'User' ? 'user' : 'a member of group'} \`${name}\` by impersonation`,
      () => {
        const resource = kind === 'User' ? 'users' : 'groups';
        const by = may(subject, { verb: 'impersonate', resource, name });
        if (by === undefined || kind === 'User') return by;
        const somebody = impersonatesAnybody(subject);
        return somebody && both(somebody, by);
      },
    );
    if (kind === 'Group' && name === 'system:masters') return;
    yield* way('certificate', 'has a client certificate signed that says so', () => certificate(subject));
  }

  function* waysToAdmin(subject: ClusterSubject): Generator<Way> {
    yield* way('bindRole', `binds itself to cluster-admin of cluster \`${clusterName}\``, () =>
      binds(subject, ''),
    );
    yield* way('escalateRole', `widens a ClusterRole it has in cluster \`${clusterName}\``, () =>
      escalates(subject, ''),
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
  }

  const ways = (subject: ClusterSubject, to: ReachNode): Iterable<Way> => {
    if (to.kind === 'clusterAdmin') return waysToAdmin(subject);
    if (to.kind !== 'kubernetes') return [];
    const { kind, namespace, name } = to.subject;
    if (kind !== 'ServiceAccount') return waysToName(subject, kind, name);
    return (function* () {
      yield* waysToAccount(subject, namespace, name);
      yield* waysIn(subject, namespace);
    })();
  };

  const step = (subject: ClusterSubject, to: ReachNode): ReachStep | undefined => {
    let best: ReachStep | undefined;
    for (const { code, message, by } of ways(subject, to)) {
      const found = stepOf(code, { from: nodeOf(subject), to }, message, by);
      if (found.certainty === 'always') return found;
      best ??= found;
    }
    return best;
  };

  const nodeOf = (subject: ClusterSubject): ReachNode =>
    subject.kind === 'iam' ? { kind: 'iam', subject } : { kind: 'kubernetes', clusterArn, subject };

  const admin: ReachNode = { kind: 'clusterAdmin', clusterArn };
  const actsAsAdmin = (to: ReachNode): ReachStep =>
    stepOf(
      'actAsAdmin',
      { from: admin, to },
      `acts as it, as an administrator of cluster \`${clusterName}\``,
      {
        ...{ certainty: 'always', conditions: [], evidence: [] },
      },
    );

  const powersTo = (to: ReachNode): readonly [mask: number, namespace: string] => {
    if (to.kind === 'clusterAdmin') return [toAdmin, ''];
    if (to.kind !== 'kubernetes') return [0, ''];
    return to.subject.kind === 'ServiceAccount' ? [toAccount, to.subject.namespace] : [toName, ''];
  };

  return {
    *into(to, isKnown) {
      if (to.kind === 'iam' || to.clusterArn !== clusterArn) return;
      if (to.kind === 'kubernetes' && !isKnown(nodeKey(admin))) yield actsAsAdmin(to);
      const [mask, namespace] = powersTo(to);
      // aws-auth is written in its namespace; what binds a namespace's groups of impersonation is cluster-wide.
      const places = to.kind === 'clusterAdmin' ? 'kube-system' : namespace;
      const target = nodeKey(to);
      for (const subject of index.withPower(mask, places)) {
        const key = nodeKey(nodeOf(subject));
        if (key === target || isKnown(key)) continue;
        const found = step(subject, to);
        if (found !== undefined) yield found;
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
      if (from.kind === 'kubernetes' && from.clusterArn !== clusterArn) return;
      const subject = index.subjects.get(subjectKey(from.subject));
      if (subject === undefined) return;
      yield* stepsFrom(subject, isKnown);
    },
  };

  function* stepsFrom(subject: ClusterSubject, isKnown: IsKnown): Generator<ReachStep> {
    const own = nodeKey(nodeOf(subject));
    const targets = [admin, ...[...index.subjects.values()].filter(({ kind }) => kind !== 'iam').map(nodeOf)];
    for (const to of targets) {
      const key = nodeKey(to);
      const [mask, namespace] = powersTo(to);
      const place = to.kind === 'clusterAdmin' ? 'kube-system' : namespace;
      if (key === own || isKnown(key) || (index.powersOf(subject, place) & mask) === 0) continue;
      const found = step(subject, to);
      if (found !== undefined) yield found;
    }
  }
}

interface Asked {
  readonly verb: string;
  readonly apiGroup?: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

interface Way {
  readonly code: StepCode;
  readonly message: string;
  readonly by: Permitted;
}

function way(code: StepCode, message: string, find: () => Permitted | undefined): readonly Way[] {
  const by = find();
  return by === undefined ? [] : [{ code, message, by }];
}

function first<T>(items: Iterable<T>, find: (item: T) => Permitted | undefined): Permitted | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Of an unknown version: perhaps. */
function isBefore(version: string | undefined, minor: number): boolean {
  const found = /^1\.(\d+)$/.exec(version ?? '')?.[1];
  return found === undefined || Number(found) < minor;
}
