import { type Command, Option } from 'commander';
import { onlyWith } from '../analysis/onlywith.ts';
import { sourceOptions } from '../analysis/options.ts';

/** What a plan can be printed as. */
export const planOutputs = [
  'plan',
  'script',
  'terraform',
  'cloudformation',
  'eksctl',
  'manifests',
  'json',
  'yaml',
] as const;
export type PlanOutput = (typeof planOutputs)[number];

/** Declares `entryway migrate …`. */
export function declareMigrate(program: Command): void {
  const migrate = program.command('migrate').description('leave what is old without an outage');
  declareAwsAuth(migrate.command('aws-auth'));
  declareIrsa(migrate.command('irsa'));
}

/** What both migrations have: a source, as whom, how it is printed, and going on in spite of differences. */
function declareCommon(command: Command, description: string): Command {
  return sourceOptions(command.description(description))
    .addOption(new Option('--role <arn>', 'read and change as this role').conflicts(['user', 'from', 'live']))
    .addOption(
      new Option('--user <name>', 'read and change as this IAM user of the first account').conflicts([
        'from',
        'live',
      ]),
    )
    .addOption(
      new Option('-o, --output <format>', 'print the plan for people, as data, or as what carries it out')
        .choices(planOutputs)
        .default('plan'),
    )
    .option('--accept-differences', 'go on although somebody gains or loses access; the plan says who')
    .addHelpText(
      'after',
      '\nExit codes: 0 nobody’s access changes, or it was done; 1 somebody’s would, or not all could be led back; 2 misuse; 3 failure',
    );
}

function rollbackOption(): Option {
  return new Option('--rollback <file>', 'lead back to what this file says was there').conflicts([
    'apply',
    'from',
    'live',
    'output',
  ]);
}

function declareAwsAuth(awsAuth: Command): void {
  onlyWith(awsAuth, 'apply', ['rollbackFile', 'switchToApi']);
  onlyWith(awsAuth, 'switchToApi', ['removeAwsAuth']);
  declareCommon(
    awsAuth,
    'put access entries in the place of aws-auth: the plan, the proof that nobody’s access changes, and what carries it out',
  )
    .addOption(
      new Option(
        '--apply',
        'carry it out on the running server: everything up to mode API, which has no way back; nor has leaving CONFIG_MAP',
      ).conflicts(['from', 'live', 'output']),
    )
    .option(
      '--rollback-file <file>',
      'with --apply: what leads back, written before the first change (default: retire-aws-auth-CLUSTER.json)',
    )
    .option('--switch-to-api', 'with --apply: also the last step, from which there is no way back')
    .option('--remove-aws-auth', 'with --switch-to-api: delete the ConfigMap, which the rollback file keeps')
    .addOption(rollbackOption())
    .action(async (options) => (await import('./migrate.ts')).migrateAwsAuth(options));
}

function declareIrsa(irsa: Command): void {
  onlyWith(irsa, 'apply', ['rollbackFile', 'finish']);
  declareCommon(
    irsa,
    'put associations of Pod Identity in the place of IRSA’s annotations: the plan, the proof that no service account gains or loses a role, and what carries it out',
  )
    .addOption(
      new Option(
        '--apply',
        'carry it out on the running server: associations and what roles need for them, beside what is there',
      ).conflicts(['from', 'live', 'output']),
    )
    .option(
      '--rollback-file <file>',
      'with --apply: what leads back, written before the first change (default: pod-identity-CLUSTER.json)',
    )
    .option(
      '--finish',
      'with --apply, once all pods were started again: take away annotations, and what tokens needed',
    )
    .addOption(rollbackOption())
    .action(async (options) => (await import('./irsa/irsa.ts')).migrateIrsa(options));
}
