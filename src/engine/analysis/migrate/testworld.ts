import type { AwsAuth, AwsAuthRole } from '../../identity/awsauth.ts';
import { allow } from '../../rbac/allow.ts';
import type { SnapshotCluster } from '../snapshot/snapshot.ts';
import { stockRbac, testArn, testRole, testUser, testWorld } from '../testworld.ts';
import { planMigration } from './create.ts';
import type { ItemOutcome, MigrationPlan, PlannedEntry } from './plan.ts';
import { type MigrationProof, proveMigration } from './proof.ts';

export const role = (name: string, username: string, ...groups: string[]): AwsAuthRole => ({
  rolearn: name.startsWith('arn:') ? name : testArn(`role/${name}`),
  username,
  groups,
});

/** An account with roles and users, and a cluster with the RBAC of a new one whose aws-auth says so. */
export function migrate(
  awsAuth: Partial<AwsAuth>,
  {
    roles = [],
    users = [],
    ...cluster
  }: {
    readonly roles?: readonly string[];
    readonly users?: readonly string[];
  } & Partial<SnapshotCluster> = {},
): { readonly plan: MigrationPlan; readonly proof: MigrationProof } {
  const made = testWorld({
    account: { roles: roles.map((path) => testRole(path)), users: users.map((path) => testUser(path)) },
    cluster: {
      authenticationMode: 'API_AND_CONFIG_MAP',
      rbac: stockRbac,
      awsAuth: { roles: [], users: [], accounts: [], ...awsAuth },
      ...cluster,
    },
  });
  const plan = planMigration(made.world, made.cluster);
  return { plan, proof: proveMigration(made.world, made.cluster, plan) };
}

export const shown = ({
  principalArn,
  type,
  username,
  kubernetesGroups,
  policies,
}: PlannedEntry): unknown => ({
  arn: principalArn.slice(principalArn.lastIndexOf(':') + 1),
  type,
  ...(username !== undefined && { username }),
  ...(kubernetesGroups.length > 0 && { groups: kubernetesGroups }),
  ...(policies.length > 0 && {
    policies: policies.map(({ policyArn }) => policyArn.slice(policyArn.lastIndexOf('/') + 1)),
  }),
});
export const outcomes = (items: readonly ItemOutcome[]): readonly string[] =>
  items.map(({ outcome, code }) => (code === undefined ? outcome : `${outcome} ${code}`));
export const verdicts = ({ principals }: MigrationProof): Readonly<Record<string, string>> =>
  Object.fromEntries(
    principals.map(({ principalArn, verdict }) => [
      principalArn.slice(principalArn.lastIndexOf(':') + 1),
      verdict,
    ]),
  );
export const numbered = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, at) => `g${at}`);
export const secrets = [allow('get', 'core', 'secrets')];
