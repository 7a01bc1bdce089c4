import { planMigration } from '../../engine/analysis/migrate/create.ts';
import type { MigrationPlan } from '../../engine/analysis/migrate/plan.ts';
import { stockRbac, testArn, testRole, testUser, testWorld } from '../../engine/analysis/testworld.ts';
import type { ClusterWorld } from '../../engine/analysis/world/cluster.ts';
import type { World } from '../../engine/analysis/world/world.ts';

/** Names that somebody could write into aws-auth to become part of what an administrator runs. */
export const hostile: readonly string[] = [
  "'; touch pwned; '",
  '$(touch pwned)',
  '`touch pwned`',
  '"; touch pwned; "',
  'file:///etc/passwd',
  '["system:masters"]',
  `a\nBINDINGS\ntouch pwned\n`,
  `\${file("/etc/passwd")}`,
  `$\${x}`,
  '%{ if true }',
  '\\',
  '- yaml: yes',
  '\u001b[2J\u202e',
  // What YAML 1.1 takes for something else, and what ends a line there.
  ...['on', 'no', '~', '0123', '1:30', '1_0', '=', '<<', '2026-01-01', 'a\u2028b\u0085c\ufeffd', '{{x}} #'],
];

/** A node, an administrator and a user whom hostile names are given, and a binding of one of these names. */
export function hostilePlan(): {
  readonly world: World;
  readonly cluster: ClusterWorld;
  readonly plan: MigrationPlan;
} {
  const { world, cluster } = testWorld({
    account: { roles: [testRole('nodes'), testRole('ops')], users: [testUser('ada')] },
    cluster: {
      rbac: [
        ...stockRbac,
        {
          ...{ kind: 'ClusterRoleBinding', name: 'b', roleRef: { kind: 'ClusterRole', name: 'view' } },
          subjects: [{ kind: 'Group', name: `system:${hostile[6]}`, namespace: '' }],
        },
      ],
      awsAuth: {
        roles: [
          {
            rolearn: testArn('role/nodes'),
            username: 'system:node:{{EC2PrivateDNSName}}',
            groups: ['system:nodes'],
          },
          {
            rolearn: testArn('role/ops'),
            username: hostile.join(''),
            groups: [...hostile, `system:${hostile[6]}`, 'system:masters'],
          },
        ],
        users: [
          { userarn: testArn('user/ada'), username: 'file:///etc/passwd', groups: [`system:${hostile[6]}`] },
        ],
        accounts: [],
      },
    },
  });
  return { world, cluster, plan: planMigration(world, cluster) };
}
