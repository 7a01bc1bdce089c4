import { enumerate } from '../../policylint/policy.ts';
import type { AccessRule } from '../rule.ts';

/** Roles that are given to more than one place. */
export const sharedRoleRules: readonly AccessRule[] = [
  {
    about: 'account',
    id: 'EW-ACC-821',
    name: 'role of several namespaces',
    severity: 'suggestion',
    why: 'Whoever may make Pods in one of these namespaces has what those in the others need, and the trail of AWS does not tell them apart but by their sessions.',
    fix: 'make a role for each, or compare aws:PrincipalTag/kubernetes-namespace in its policies',
    *check({ roles }, { workloads }) {
      for (const role of roles) {
        // The same namespace of two clusters is one: a role of what runs in each of them is shared on purpose.
        const places = new Set((workloads.get(role.arn) ?? []).map(({ namespace }) => namespace));
        if (places.size < 2) continue;
        yield {
          subject: role.arn,
          at: { thing: 'iam', arn: role.arn },
          message: `\`${role.arn}\` is given to service accounts of ${places.size} namespaces: ${enumerate([...places].sort())}`,
        };
      }
    },
  },
];
