import { onlyCluster } from '../../../engine/analysis/ask/onlycluster.ts';
import { planIrsaMigration } from '../../../engine/analysis/migrateirsa/create.ts';
import type { IrsaPlan } from '../../../engine/analysis/migrateirsa/plan.ts';
import { proveIrsaMigration } from '../../../engine/analysis/migrateirsa/proof.ts';
import type { SourceOptions } from '../../analysis/options.ts';
import { asData } from '../../analysis/print.ts';
import { gapLines, openWorld } from '../../analysis/source.ts';
import { exitCodes } from '../../failure.ts';
import { printable } from '../../render/printable.ts';
import type { PlanOutput } from '../declare.ts';
import { refusal, refuseTooMany, refuseUnknownAccount } from '../refusal.ts';
import { irsaCloudformation, irsaEksctl, irsaManifests, irsaTerraform } from './files.ts';
import { irsaPlanText } from './plantext.ts';
import { irsaProofText } from './prooftext.ts';
import { irsaScript } from './script.ts';

export interface IrsaOptions extends SourceOptions {
  readonly output: PlanOutput;
  readonly acceptDifferences?: true;
  readonly apply?: true;
  readonly rollbackFile?: string;
  readonly finish?: true;
  readonly rollback?: string;
}

/** Plans associations in the place of a cluster's annotations and prints them, or carries it out. */
export async function migrateIrsa(options: IrsaOptions): Promise<void> {
  if (options.rollback !== undefined) {
    await (await import('./apply.ts')).rollBackIrsa(options, options.rollback);
    return;
  }
  if (options.apply === true) {
    await (await import('./apply.ts')).applyIrsa(options);
    return;
  }
  const world = await openWorld(options);
  const cluster = onlyCluster(world);
  const plan = planIrsaMigration(world, cluster);
  const proof = proveIrsaMigration(world, cluster, plan);
  const isFine = proof.isSafe || options.acceptDifferences === true;
  if (!isFine) process.exitCode = exitCodes.denied;
  if (options.output === 'plan') process.stdout.write(irsaPlanText(plan, proof));
  else if (options.output === 'json' || options.output === 'yaml') {
    process.stdout.write(asData(options.output, { ...plan, proof }));
    return;
  } else if (isFine) {
    const text = carriedOutBy(options.output, plan);
    process.stdout.write(text);
    if (text === '')
      process.stderr.write('entryway: no new association is needed: there is nothing to apply\n');
  } else process.stderr.write(refusal(irsaProofText(proof)));
  for (const line of gapLines(plan.incomplete)) process.stderr.write(`entryway: ${printable(line)}\n`);
}

function carriedOutBy(output: Exclude<PlanOutput, 'plan' | 'json' | 'yaml'>, plan: IrsaPlan): string {
  refuseTooMany(plan);
  refuseUnknownAccount(plan, output);
  switch (output) {
    case 'script':
      return irsaScript(plan);
    case 'terraform':
      return irsaTerraform(plan);
    case 'cloudformation':
      return irsaCloudformation(plan);
    case 'eksctl':
      return irsaEksctl(plan);
    case 'manifests':
      return irsaManifests(plan);
    default:
      return output satisfies never;
  }
}
