import { isDeepStrictEqual } from 'node:util';
import { onlyCluster } from '../../engine/analysis/ask/onlycluster.ts';
import { planMigration } from '../../engine/analysis/migrate/create.ts';
import { proveMigration } from '../../engine/analysis/migrate/proof.ts';
import { openWorld } from '../analysis/source.ts';
import { CommandError, exitCodes } from '../failure.ts';
import { printable } from '../render/printable.ts';
import { carryOut } from './carryout.ts';
import { type MigrateOptions, refusal } from './migrate.ts';
import { newRollbackFile, type RollbackFile, readRollbackFile, writeRollbackFile } from './rollbackfile.ts';
import { openServerTarget } from './servertarget.ts';
import type { FoundEntry, MigrationTarget } from './target.ts';

const say = (line: string): void => void process.stdout.write(`${printable(line)}\n`);

/** Carries a migration out on the running server, or goes on with one that was interrupted. */
export async function applyMigration(options: MigrateOptions): Promise<void> {
  if (options.removeAwsAuth === true && options.switchToApi !== true) {
    throw new CommandError(
      'misuse',
      '--remove-aws-auth goes with --switch-to-api',
      'before mode API aws-auth is the way back',
    );
  }
  const world = await openWorld(options);
  const cluster = onlyCluster(world);
  const path = options.rollbackFile ?? `retire-aws-auth-${cluster.cluster.name}.json`;
  const interrupted = readRollbackFile(path);
  const plan = interrupted?.plan ?? planMigration(world, cluster);
  if (plan.clusterArn !== cluster.cluster.arn) {
    throw new CommandError(
      'misuse',
      `\`${path}\` is of cluster \`${plan.clusterArn}\``,
      'name another file with --rollback-file',
    );
  }
  if (interrupted === undefined) {
    const proof = proveMigration(world, cluster, plan);
    if (!proof.isSafe && options.acceptDifferences !== true) {
      process.stderr.write(refusal(proof));
      process.exitCode = exitCodes.denied;
      return;
    }
  } else say(`going on with the plan in ${path}`);
  const target = await openServerTarget(options, plan);
  try {
    const file = interrupted ?? (await firstState(target, plan, cluster.cluster.awsAuthData, path));
    if (interrupted === undefined) {
      writeRollbackFile(path, file);
      say(`what leads back is in ${path}`);
    }
    await carryOut(file, target, say);
    if (options.switchToApi === true) await finish(options, file, target);
    else
      say(`aws-auth still counts beside them; when all is well: --apply --switch-to-api; else: ${file.undo}`);
  } finally {
    target.close();
  }
}

async function firstState(
  target: MigrationTarget,
  plan: RollbackFile['plan'],
  awsAuth: Readonly<Record<string, string>> | undefined,
  path: string,
): Promise<RollbackFile> {
  const mode = await target.mode();
  const entries: Record<string, FoundEntry> = {};
  for (const { principalArn } of mode === 'CONFIG_MAP' ? [] : plan.entries) {
    const found = await target.entry(principalArn);
    if (found !== undefined) entries[principalArn] = found;
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
    const proof = proveMigration(world, cluster, plan);
    if (!proof.isSafe && options.acceptDifferences !== true) {
      process.stderr.write(refusal(proof));
      process.exitCode = exitCodes.denied;
      return;
    }
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
