import type { LintedBinding } from '../bindings.ts';
import { removeSubject } from '../commands.ts';
import type { Grant } from '../grants.ts';
import { everybodyIn, serviceAccountOf, subjectLabel } from '../names.ts';
import type { AccessRule } from '../rule.ts';

/** Who is bound. */
export const bindingRules: readonly AccessRule[] = [
  {
    about: 'cluster',
    id: 'EW-ACC-206',
    name: 'everybody is bound',
    severity: 'security',
    why: 'system:authenticated is every user and every service account, system:unauthenticated and system:anonymous are callers without credentials, system:serviceaccounts is every Pod. Kubernetes gives them what discovery needs, and nothing else should.',
    fix: 'name the groups and service accounts that need it',
    *check(cluster, facts) {
      for (const { grant, subject, label } of boundSubjects(facts.grants(cluster))) {
        const who = everybodyIn(subject);
        if (who === undefined) continue;
        yield {
          ...{ subject: grant.subject, object: label, at: grant.at },
          message: `\`${grant.subject}\` gives \`${grant.object}\` to \`${label}\`: ${who}`,
          fix: () => removeSubject(grant.binding, grant.namespaces?.[0] ?? '', subject),
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-207',
    name: 'default service account is bound',
    severity: 'warning',
    why: 'Every Pod that names no service account runs as `default`: it gets what somebody meant for one program.',
    fix: 'make a service account for the program, bind that, and name it in the Pod',
    *check(cluster, facts) {
      for (const { grant, subject, label } of boundSubjects(facts.grants(cluster))) {
        if (serviceAccountOf(subject, grant.namespaces?.[0] ?? '')?.name !== 'default') continue;
        yield {
          ...{ subject: grant.subject, object: label, at: grant.at },
          message: `\`${grant.subject}\` gives \`${grant.object}\` to \`${label}\`, which every Pod has that names no other`,
          fix: () => removeSubject(grant.binding, grant.namespaces?.[0] ?? '', subject),
        };
      }
    },
  },
  {
    about: 'cluster',
    id: 'EW-ACC-208',
    name: 'the same is given twice',
    severity: 'suggestion',
    why: 'Whoever takes one of two bindings away believes that the access is gone.',
    fix: 'delete one of them',
    *check(cluster, facts) {
      const seen = new Map<string, LintedBinding>();
      const everywhere = new Map<string, LintedBinding>();
      const bindings = facts.bindings(cluster);
      for (const one of bindings) {
        if (one.binding.kind !== 'ClusterRoleBinding') continue;
        for (const subject of one.binding.subjects)
          everywhere.set(`${one.roleLabel}\n${subjectLabel(subject, '')}`, one);
      }
      for (const one of bindings) {
        const { binding, namespace, label, roleLabel, at, remove } = one;
        const labels = binding.subjects.map((subject) => subjectLabel(subject, namespace));
        if (labels.length === 0) continue;
        const key = JSON.stringify([namespace, roleLabel, ...labels.toSorted()]);
        const same = seen.get(key);
        if (same !== undefined) {
          const message = `\`${label}\` gives \`${roleLabel}\` to the same subjects as \`${same.label}\``;
          yield { subject: label, object: same.label, at, message, fix: remove };
          continue;
        }
        seen.set(key, one);
        if (binding.kind === 'ClusterRoleBinding') continue;
        const wider = labels.map((text) => everywhere.get(`${roleLabel}\n${text}`));
        const [first] = wider;
        if (first === undefined || wider.includes(undefined)) continue;
        const message = `\`${label}\` gives \`${roleLabel}\`, which \`${first.label}\` gives to the same subjects in the whole cluster`;
        yield { subject: label, object: first.label, at, message, fix: remove };
      }
    },
  },
];

function* boundSubjects(grants: readonly Grant[]) {
  for (const grant of grants) {
    if (grant.by !== 'binding') continue;
    const namespace = grant.binding.kind === 'RoleBinding' ? grant.binding.namespace : '';
    for (const subject of grant.subjects) yield { grant, subject, label: subjectLabel(subject, namespace) };
  }
}
