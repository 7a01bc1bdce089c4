import type { ClusterWorld } from '../world/cluster.ts';
import type { Question } from '../world/question.ts';
import type { ClusterSubject } from '../world/subject.ts';
import type { Permitted } from './asking.ts';
import type { ClusterIndex } from './clusterindex.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';

/** A question about a resource; what is left out is ''. */
export interface Asked {
  readonly verb: string;
  readonly apiGroup?: string;
  readonly resource: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
}

export type KubeAsking = ReturnType<typeof createKubeAsking>;

/** The questions that steps are made of; the cluster's decider answers each. */
export function createKubeAsking(cluster: ClusterWorld, index: ClusterIndex) {
  const clusterArn = cluster.cluster.arn;
  const may = (subject: ClusterSubject, asked: Asked): Permitted | undefined => {
    const plain = { kind: 'resource', apiGroup: '', subresource: '', namespace: '', name: '' } as const;
    const question: Question = { ...plain, ...asked };
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
  return {
    may,
    mayAny,
    /** Also where rules name the objects: then of one of those. */
    maySome(subject: ClusterSubject, verbs: readonly string[], asked: Omit<Asked, 'verb'>) {
      const { apiGroup = '', resource, subresource = '' } = asked;
      const target = subresource === '' ? resource : `${resource}/${subresource}`;
      return first(['', ...index.namesOf(apiGroup, target)], (name) =>
        mayAny(subject, verbs, { ...asked, name }),
      );
    },
  };
}

export function first<T>(
  items: Iterable<T>,
  find: (item: T) => Permitted | undefined,
): Permitted | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
