import type { ClusterSubject } from '../world/subject.ts';
import { assuming, both, type Permitted } from './asking.ts';
import type { ClusterIndex } from './clusterindex.ts';
import { first, type KubeAsking } from './kubeasking.ts';
import { maskOf } from './kubepowers.ts';

/**
 * Who acts as somebody else by the headers of a request (kubernetes-facts A14, A15). What is constrained (A17) counts as
 * perhaps: it holds for the requests that `impersonate-on:` permissions name.
 */
export function createImpersonation(index: ClusterIndex, { may, maySome }: KubeAsking) {
  const constrained = (by: Permitted | undefined): Permitted | undefined =>
    by && assuming(by, 'what it does is among its `impersonate-on:` permissions');
  const authentication = 'authentication.k8s.io';

  /** Whoever impersonates a group has to impersonate somebody (A14). */
  const anybody = (subject: ClusterSubject): Permitted | undefined => {
    const users = maySome(subject, ['impersonate'], { resource: 'users' });
    if (users !== undefined) return users;
    const power = maskOf('impersonate');
    return first(index.accountNamespaces, (namespace) =>
      (index.powersOf(subject, namespace) & power) === 0
        ? undefined
        : maySome(subject, ['impersonate'], { resource: 'serviceaccounts', namespace }),
    );
  };

  return {
    asAccount(subject: ClusterSubject, namespace: string, name: string): Permitted | undefined {
      const of = { resource: 'serviceaccounts', namespace, name };
      return (
        may(subject, { verb: 'impersonate', ...of }) ??
        constrained(may(subject, { verb: 'impersonate:serviceaccount', apiGroup: authentication, ...of }))
      );
    },
    asName(subject: ClusterSubject, kind: 'User' | 'Group', name: string): Permitted | undefined {
      const of = { resource: kind === 'User' ? 'users' : 'groups', name };
      const by = may(subject, { verb: 'impersonate', ...of });
      const somebody = kind === 'User' ? by : by && anybody(subject);
      if (by !== undefined && somebody !== undefined) return kind === 'User' ? by : both(somebody, by);
      const info = { verb: 'impersonate:user-info', apiGroup: authentication } as const;
      const partly = may(subject, { ...info, ...of });
      if (partly === undefined || kind === 'User') return constrained(partly);
      const other = maySome(subject, [info.verb], { apiGroup: authentication, resource: 'users' });
      return constrained(other && both(other, partly));
    },
  };
}
