import { isDeepStrictEqual } from 'node:util';
import { onlyCluster } from '../../engine/analysis/ask/onlycluster.ts';
import { planMigration } from '../../engine/analysis/migrate/create.ts';
import type { MigrationPlan } from '../../engine/analysis/migrate/plan.ts';
import { type MigrationProof, proveMigration } from '../../engine/analysis/migrate/proof.ts';
import type { ClusterWorld } from '../../engine/analysis/world/cluster.ts';
import type { World } from '../../engine/analysis/world/world.ts';
import { openWorld } from '../analysis/source.ts';
import { CommandError, exitCodes } from '../failure.ts';
import { printable } from '../render/printable.ts';
import { carryOut } from './carryout.ts';
import type { MigrateOptions } from './migrate.ts';
import { proofText } from './prooftext.ts';
import { refusal, refuseTooMany } from './refusal.ts';
import { newRollbackFile, type RollbackFile, readRollbackFile } from './rollbackfile.ts';
import { sameOptions } from './sameoptions.ts';
import { openServerTarget } from './servertarget.ts';
import { writeState } from './statefile.ts';
import type { FoundEntry, MigrationTarget } from './target.ts';

const say = (line: string): void => void process.stdout.write(`${printable(line)}\n`);

/** Carries a migration out on the running server, or goes on with one that was interrupted. */
export async function applyMigration(options: MigrateOptions): Promise<void> {
  const world = await openWorld(options);
  const cluster = onlyCluster(world);
  const path = options.rollbackFile ?? `retire-aws-auth-${cluster.cluster.name}.json`;
  const interrupted = readRollbackFile(path);
  if (cluster.cluster.authenticationMode === 'API' && options.switchToApi !== true) {
    say('the cluster is in mode API already: its entries are all there is, and nothing is made');
    return;
  }
  const plan = interrupted?.plan ?? newPlan(world, cluster);
  if (plan.clusterArn !== cluster.cluster.arn) {
    throw new CommandError(
      'misuse',
      `\`${path}\` is of cluster \`${plan.clusterArn}\``,
      'name another file with --rollback-file',
    );
  }
  if (interrupted !== undefined) say(`going on with the plan in ${path}`);
  // SECURITY: also of a plan in a file. What it says may be long over, or written by somebody else.
  if (
    cluster.cluster.authenticationMode !== 'API' &&
    !isAccepted(proveMigration(world, cluster, plan), options)
  ) {
    return;
  }
  const target = await openServerTarget(options, plan);
  try {
    const file = interrupted ?? (await firstState(target, plan, cluster.cluster.awsAuthData, path));
    if (interrupted === undefined) {
      writeState(path, file);
      say(`what leads back is in ${path}`);
    }
    await carryOut(file, target, say);
    if (options.switchToApi === true) await finish(options, file, target);
    else for (const line of whatNext(options, cluster.cluster.name, file)) say(line);
  } finally {
    target.close();
  }
}

/** The two ways on, as commands to copy. */
function whatNext(options: MigrateOptions, clusterName: string, { undo }: RollbackFile): readonly string[] {
  const { role, user } = options;
  return [
    'aws-auth still counts beside the entries',
    `  when all is well:  entryway migrate aws-auth --cluster ${clusterName} --apply --switch-to-api${sameOptions(options)}`,
    `  to go back:        ${undo}${sameOptions({ role, user })}`,
  ];
}

/** What stops in the middle is not begun. */
function newPlan(world: World, cluster: ClusterWorld): MigrationPlan {
  const plan = planMigration(world, cluster);
  refuseTooMany(plan);
  return plan;
}

/** Says what was accepted, too: nobody's access changes unseen. */
function isAccepted(proof: MigrationProof, { acceptDifferences }: MigrateOptions): boolean {
  if (proof.isSafe) return true;
  if (acceptDifferences === true) {
    process.stderr.write(proofText(proof));
    return true;
  }
  process.stderr.write(refusal(proofText(proof)));
  process.exitCode = exitCodes.denied;
  return false;
}

async function firstState(
  target: MigrationTarget,
  plan: RollbackFile['plan'],
  awsAuth: Readonly<Record<string, string>> | undefined,
  path: string,
): Promise<RollbackFile> {
  if (!isDeepStrictEqual(await target.awsAuth(), awsAuth)) {
    throw new CommandError(
      'failure',
      'aws-auth is not what the server goes by: it was changed just now, or it cannot be read any more',
      'mend it until `entryway aws-auth check` finds nothing, and run this again',
    );
  }
  const mode = await target.mode();
  const entries: Record<string, FoundEntry> = {};
  for (const { principalArn, replacesStale } of mode === 'CONFIG_MAP' ? [] : plan.entries) {
    const found = await target.entry(principalArn);
    if (found === undefined) continue;
    // SECURITY: what stands here is deleted as that of a principal that is gone; this one somebody made just now.
    if (!replacesStale) {
      throw new CommandError('failure', `\`${principalArn}\` has got an entry meanwhile`, 'run it again');
    }
    entries[principalArn] = found;
  }
  return newRollbackFile(
    plan,
    { mode, entries, ...(awsAuth !== undefined && { awsAuth }) },
    Date.now(),
    path,
  );
}

/** The step without a way back: looked at once more from what the server says now. */
async function finish(options: MigrateOptions, file: RollbackFile, target: MigrationTarget): Promise<void> {
  if ((await target.mode()) !== 'API') {
    const world = await openWorld(options);
    const cluster = onlyCluster(world);
    const plan = planMigration(world, cluster);
    if (plan.entries.length > 0) {
      throw new CommandError(
        'denied',
        `aws-auth lets somebody in for whom there is no entry: ${plan.entries.map(({ principalArn }) => `\`${principalArn}\``).join(', ')}`,
        'it was changed since the plan was made: make a new one with another --rollback-file',
      );
    }
    if (!isAccepted(proveMigration(world, cluster, plan), options)) return;
    await target.switchMode('API');
    say('mode API: aws-auth counts no more');
  }
  const awsAuth = options.removeAwsAuth === true ? await target.awsAuth() : undefined;
  if (awsAuth === undefined) return;
  if (!isDeepStrictEqual(awsAuth, file.before.awsAuth)) {
    throw new CommandError(
      'failure',
      'aws-auth is not what the rollback file keeps, so it is not deleted',
      'save it, and delete it with `kubectl -n kube-system delete configmap aws-auth`',
    );
  }
  await target.deleteAwsAuth();
  say('deleted aws-auth; the rollback file keeps it');
}
