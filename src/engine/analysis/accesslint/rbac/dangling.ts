import type { Subject } from '../../../rbac/objects.ts';
import type { SnapshotCluster } from '../../snapshot/snapshot.ts';
import type { ClusterWorld } from '../../world/cluster.ts';
import type { LintedBinding } from '../bindings.ts';
import { removeSubject } from '../commands.ts';
import type { Facts } from '../facts.ts';
import type { Mappings } from '../mappings.ts';
import { serviceAccountOf, subjectLabel } from '../names.ts';
import type { AccessRule, Spotted } from '../rule.ts';

/** Bindings that name what is not there: they give nothing now, and everything to whoever takes the name. */
export const danglingRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-201',
    name: 'binding to a role that does not exist',
    severity: 'error',
    why: 'It gives nothing now, and whatever a role of this name will allow once somebody makes one.',
    fix: 'bind the role that is meant with a new binding (roleRef cannot be changed), and delete this one',
    needs: ['rbac'],
    *check(cluster, facts) {
      const roles = new Set<string>();
      for (const object of cluster.cluster.rbac) {
        if (object.kind === 'ClusterRole') roles.add(`ClusterRole  ${object.name}`);
        else if (object.kind === 'Role') roles.add(`Role ${object.namespace} ${object.name}`);
      }
      for (const { binding, namespace, label, roleLabel, at, remove } of facts.bindings(cluster)) {
        const { kind, name } = binding.roleRef;
        if (roles.has(`${kind} ${kind === 'Role' ? namespace : ''} ${name}`)) continue;
        const message = `\`${label}\` names \`${roleLabel}\`, which does not exist`;
        yield { subject: label, object: roleLabel, at, message, fix: remove };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-202',
    name: 'binding to a service account that does not exist',
    severity: 'warning',
    why: 'Whoever may make service accounts in the namespace can make this one, and has what is bound to it.',
    fix: 'take the service account out of the binding, or make it',
    needs: ['serviceAccounts'],
    check(cluster, facts) {
      const there = new Set(
        cluster.cluster.serviceAccounts?.map(({ namespace, name }) => `${namespace}/${name}`),
      );
      return onSubjects(cluster, facts, (subject, { namespace }) => {
        const account = serviceAccountOf(subject, namespace);
        if (account === undefined || account.namespace === '') return undefined;
        const { namespace: of, name } = account;
        // The service account `default` comes with each namespace.
        if (there.has(`${of}/${name}`) || isDefaultOf(of, name, cluster.cluster)) return undefined;
        return 'a service account that does not exist';
      });
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-203',
    name: 'binding to a name that nobody has',
    severity: 'warning',
    why: 'No access entry and no item of aws-auth gives this user or group, so that the binding gives nothing now, and something to the first who is mapped to the name.',
    fix: 'map somebody to the name, correct it, or take it out of the binding',
    needs: ['identities'],
    check(cluster, facts) {
      const mappings = facts.mappings(cluster);
      return onSubjects(cluster, facts, (subject) => {
        if (subject.kind === 'ServiceAccount' || mayBeSomebody(subject, cluster.cluster, mappings)) {
          return undefined;
        }
        return `a ${subject.kind === 'Group' ? 'group' : 'user'} that no access entry, no item of aws-auth and no identity provider gives`;
      });
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-204',
    name: 'binding without subjects',
    severity: 'suggestion',
    why: 'It gives nothing to anybody, and looks as if it did.',
    fix: 'delete it',
    *check(cluster, facts) {
      for (const { binding, label, roleLabel, at, remove } of facts.bindings(cluster)) {
        if (binding.subjects.length > 0) continue;
        const message = `\`${label}\` names nobody who gets \`${roleLabel}\``;
        yield { subject: label, object: roleLabel, at, message, fix: remove };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-205',
    name: 'service account without a namespace',
    severity: 'error',
    why: 'In a ClusterRoleBinding a service account needs its namespace: without it, the subject is nobody (kubernetes-facts B6).',
    fix: 'write the namespace of the service account',
    check: (cluster, facts) =>
      onSubjects(cluster, facts, ({ kind, namespace }, { binding }) =>
        kind === 'ServiceAccount' && namespace === '' && binding.kind === 'ClusterRoleBinding'
          ? 'a service account without a namespace: nobody'
          : undefined,
      ),
  },
];

/** One remark on each subject, by what it is said to be. */
function* onSubjects(
  cluster: ClusterWorld,
  facts: Facts,
  judge: (subject: Subject, binding: LintedBinding) => string | undefined,
): Generator<Spotted> {
  for (const linted of facts.bindings(cluster)) {
    const { binding, namespace, label, roleLabel, at } = linted;
    for (const subject of binding.subjects) {
      const what = judge(subject, linted);
      if (what === undefined) continue;
      const name = subjectLabel(subject, namespace);
      yield {
        ...{ subject: label, object: name, at },
        message: `\`${label}\` gives \`${roleLabel}\` to \`${name}\`: ${what}`,
        fix: () => removeSubject(binding, namespace, subject),
      };
    }
  }
}

function isDefaultOf(namespace: string, name: string, { namespaces }: SnapshotCluster): boolean {
  return name === 'default' && namespaces?.includes(namespace) !== false;
}

/**
 * Whether somebody may have the name who is not mapped to it here: users and groups of Kubernetes itself, of EKS, and of
 * client certificates that installers make (`kubeadm:`), and whoever comes from an identity provider.
 */
function mayBeSomebody(
  { kind, name }: Subject,
  { identityProviders }: SnapshotCluster,
  mappings: Mappings,
): boolean {
  if (/^(?:system|eks|kubeadm|entryway):/.test(name)) return true;
  const fromProvider = identityProviders.some(({ usernamePrefix, groupsClaim, groupsPrefix, issuerUrl }) => {
    if (kind === 'Group') return groupsClaim !== undefined && name.startsWith(groupsPrefix ?? '');
    // Without a prefix it is the issuer's, unless that is switched off or the name is an address (eks-access-facts K2).
    if (usernamePrefix === '-' || usernamePrefix === '') return true;
    return (
      name.startsWith(usernamePrefix ?? `${issuerUrl}#`) ||
      (usernamePrefix === undefined && name.includes('@'))
    );
  });
  return fromProvider || (kind === 'Group' ? mappings.givesGroup(name) : mappings.givesUser(name));
}
