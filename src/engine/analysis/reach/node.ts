import { type IamSubject, type KubernetesSubject, subjectKey } from '../world/subject.ts';
import type { ReachGoal } from './goal.ts';

/**
 * Somebody one may become. IAM principals are the same in all clusters; Kubernetes subjects are those of one. `clusterAdmin`
 * is nobody by name: whoever may do everything in the cluster; and `permitted` is whoever has given itself what is asked for,
 * where chains end.
 */
export type ReachNode =
  | { readonly kind: 'iam'; readonly subject: IamSubject }
  | { readonly kind: 'kubernetes'; readonly clusterArn: string; readonly subject: KubernetesSubject }
  | { readonly kind: 'clusterAdmin'; readonly clusterArn: string }
  | { readonly kind: 'permitted'; readonly clusterArn: string; readonly goal: ReachGoal };

/** Stands for the cluster's administrators among the `targetKeys` of a question. No subject has this key. */
export const clusterAdminKey = 'clusterAdmin';

/** `iam:ARN`, `CLUSTER-ARN SUBJECT-KEY`, `CLUSTER-ARN clusterAdmin`, `CLUSTER-ARN permitted GOAL`: one per node of the whole snapshot. */
export function nodeKey(node: ReachNode): string {
  switch (node.kind) {
    case 'iam':
      return subjectKey(node.subject);
    case 'kubernetes':
      return `${node.clusterArn} ${subjectKey(node.subject)}`;
    case 'clusterAdmin':
      return `${node.clusterArn} ${clusterAdminKey}`;
    case 'permitted':
      return `${node.clusterArn} permitted ${node.goal.text}`;
    default:
      return node satisfies never;
  }
}

/** For a message: `arn:…`, `service account payments/api`, `group ops`, `administrator of the cluster`, `somebody who may …`. */
export function nodeText(node: ReachNode): string {
  switch (node.kind) {
    case 'iam':
      return node.subject.type === 'account'
        ? `anybody of account ${node.subject.accountId}`
        : node.subject.arn;
    case 'kubernetes': {
      const { kind, namespace, name } = node.subject;
      if (kind === 'ServiceAccount') return `service account ${namespace}/${name}`;
      return `${kind === 'User' ? 'user' : 'group'} ${name}`;
    }
    case 'clusterAdmin':
      return 'administrator of the cluster';
    case 'permitted':
      return `somebody who may ${node.goal.text}`;
    default:
      return node satisfies never;
  }
}
