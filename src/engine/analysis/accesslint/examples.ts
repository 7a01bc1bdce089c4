import {
  stockRbac,
  testArn,
  testCluster,
  testClusterArn,
  testEntry,
  testSnapshot,
  testTakenAt,
} from '../testworld.ts';
import type { AccessUse } from '../usage/use.ts';
import { createWorld, type World } from '../world/world.ts';
import { adminExamples, pathExamples } from './admins/examples.ts';
import { entryExamples } from './entries/examples.ts';
import type { Example, Examples } from './example.ts';
import { iamExamples } from './iam/examples.ts';
import { rbacExamples } from './rbac/examples.ts';
import type { Suppression } from './suppressions.ts';
import { exampleRole } from './testworld.ts';
import type { Usage } from './usage.ts';
import { workloadExamples } from './workload/examples.ts';

const day = 86_400_000;
const ops = testArn('role/ops');
const isAdmin: Example['cluster'] = { accessEntries: [testEntry(ops, { AmazonEKSClusterAdminPolicy: [] })] };
const suppressing = (change: Partial<Suppression>): Example => ({
  account: { roles: [exampleRole('ops')] },
  cluster: isAdmin,
  suppressions: [
    { id: 'EW-ACC-001', subject: ops, reason: 'on call', until: testTakenAt + 90 * day, ...change },
  ],
});
const good = suppressing({});

/** By rule: every rule has one. */
export const examples: Readonly<Record<string, Examples>> = {
  ...adminExamples,
  ...pathExamples,
  ...rbacExamples,
  ...entryExamples,
  ...iamExamples,
  ...workloadExamples,
  'EW-ACC-901': { triggers: suppressing({ until: testTakenAt - day }), passes: good },
  'EW-ACC-902': { triggers: suppressing({ subject: testArn('role/gone') }), passes: good },
  'EW-ACC-903': { triggers: suppressing({ reason: '' }), passes: good },
  'EW-ACC-904': { triggers: suppressing({ id: 'EW-ACC-999' }), passes: good },
};

/** The snapshot of an example: its cluster has what Kubernetes puts into each. */
export function exampleWorld({ account, cluster, otherClusters = [], gaps }: Example): World {
  const { clusters, ...snapshot } = testSnapshot({
    account: account ?? {},
    cluster: { ...cluster, rbac: [...stockRbac, ...(cluster?.rbac ?? [])] },
    gaps: gaps ?? [],
  });
  const others = otherClusters.map((other) =>
    testCluster({ arn: testClusterArn.replace(/prod$/, other.name ?? 'other'), ...other, rbac: stockRbac }),
  );
  return createWorld({ ...snapshot, clusters: [...clusters, ...others] });
}

export function exampleUsage(uses: readonly AccessUse[] | undefined): Usage | undefined {
  return uses && { uses, covered: [{ from: testTakenAt - 30 * day, to: testTakenAt }] };
}
