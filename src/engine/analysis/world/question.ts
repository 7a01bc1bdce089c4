import type { Attributes, UserInfo } from '../../authorizer/attributes.ts';

/** What may be asked of a cluster, without who asks. */
export type Question =
  | {
      readonly kind: 'resource';
      readonly verb: string;
      /** '' is the core group. */
      readonly apiGroup: string;
      readonly resource: string;
      /** '' for none. */
      readonly subresource: string;
      /** '' for a request across all namespaces, and of a cluster-scoped resource. */
      readonly namespace: string;
      /** '' when no object is named. */
      readonly name: string;
    }
  | { readonly kind: 'nonResource'; readonly verb: string; readonly path: string };

export function attributesOf(question: Question, user: UserInfo): Attributes {
  return question.kind === 'resource' ? { ...question, apiVersion: '*', user } : { ...question, user };
}
