import { onlyCluster } from '../../engine/analysis/ask/onlycluster.ts';
import { planMigration } from '../../engine/analysis/migrate/create.ts';
import type { MigrationPlan } from '../../engine/analysis/migrate/plan.ts';
import { proveMigration } from '../../engine/analysis/migrate/proof.ts';
import type { ClusterWorld } from '../../engine/analysis/world/cluster.ts';
import type { SourceOptions } from '../analysis/options.ts';
import { asData } from '../analysis/print.ts';
import { gapLines, openWorld } from '../analysis/source.ts';
import { exitCodes } from '../failure.ts';
import { printable } from '../render/printable.ts';
import { cloudformation } from './cloudformation.ts';
import type { PlanOutput } from './declare.ts';
import { eksctl } from './eksctl.ts';
import { bindingManifests } from './manifests.ts';
import { planText } from './plantext.ts';
import { proofText } from './prooftext.ts';
import { refusal, refuseTooMany, refuseUnknownAccount } from './refusal.ts';
import { migrationScript } from './script.ts';
import { terraform } from './terraform.ts';

export interface MigrateOptions extends SourceOptions {
  readonly output: PlanOutput;
  readonly acceptDifferences?: true;
  readonly apply?: true;
  readonly rollbackFile?: string;
  readonly switchToApi?: true;
  readonly removeAwsAuth?: true;
  readonly rollback?: string;
}

/** Plans the end of a cluster's aws-auth and prints it, or carries it out. */
export async function migrateAwsAuth(options: MigrateOptions): Promise<void> {
  if (options.rollback !== undefined) {
    await (await import('./rollback.ts')).rollBack(options, options.rollback);
    return;
  }
  if (options.apply === true) {
    await (await import('./apply.ts')).applyMigration(options);
    return;
  }
  const world = await openWorld(options);
  const cluster = onlyCluster(world);
  const plan = planMigration(world, cluster);
  const proof = proveMigration(world, cluster, plan);
  const isFine = proof.isSafe || options.acceptDifferences === true;
  if (!isFine) process.exitCode = exitCodes.denied;
  if (options.output === 'plan') process.stdout.write(planText(plan, proof));
  else if (options.output === 'json' || options.output === 'yaml') {
    process.stdout.write(asData(options.output, { ...plan, proof }));
    return;
  } else if (isFine) {
    const text = carriedOutBy(options.output, plan, cluster);
    process.stdout.write(text);
    if (text === '')
      process.stderr.write('entryway: no new bindings are needed: there is nothing to apply\n');
  } else process.stderr.write(refusal(proofText(proof)));
  for (const line of gapLines(plan.incomplete)) process.stderr.write(`entryway: ${printable(line)}\n`);
}

function carriedOutBy(
  output: Exclude<PlanOutput, 'plan' | 'json' | 'yaml'>,
  plan: MigrationPlan,
  { cluster }: Pick<ClusterWorld, 'cluster'>,
): string {
  refuseTooMany(plan);
  refuseUnknownAccount(plan, output);
  switch (output) {
    case 'script':
      return migrationScript(plan, cluster);
    case 'terraform':
      return terraform(plan);
    case 'cloudformation':
      return cloudformation(plan);
    case 'eksctl':
      return eksctl(plan);
    case 'manifests':
      return bindingManifests(plan);
    default:
      return output satisfies never;
  }
}
