import { onlyCluster } from '../../engine/analysis/ask/onlycluster.ts';
import { parseSubject } from '../../engine/analysis/ask/subject.ts';
import { collectUses, leastPrivilege } from '../../engine/analysis/leastprivilege/leastprivilege.ts';
import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import type { AccessUse } from '../../engine/analysis/usage/use.ts';
import type { World } from '../../engine/analysis/world/world.ts';
import { createUsageReader, readUsageFiles } from '../../sources/usage/usage.ts';
import { knownResources } from '../../wire/kube/resourceuniverse.ts';
import type { OutputOptions, SourceOptions } from '../analysis/options.ts';
import { printAnswer } from '../analysis/print.ts';
import { openWorld } from '../analysis/source.ts';
import { readConnection } from '../connection.ts';
import { CommandError, exitCodes } from '../failure.ts';
import { openTrailClient } from '../trail/client.ts';
import { contentOf } from '../trail/lines.ts';
import { parseRange, type Range } from '../trail/times.ts';
import { printableLines } from '../whatcan/text.ts';
import { nothingRecorded, renderLeastPrivilege } from './text.ts';

export interface LeastPrivilegeOptions extends SourceOptions, OutputOptions {
  readonly for: string;
  readonly since: string;
  readonly until?: string;
  readonly usage?: readonly string[];
  readonly roundUp?: true;
  readonly names?: true;
}

/** Hands over every use it knows of; answers what it could not read. */
export type UsageSource = (onUse: (use: AccessUse) => void, range: Range) => Promise<readonly Gap[]>;

/** Proposes the least access of a principal in the one cluster that was read. */
export async function printLeastPrivilege(options: LeastPrivilegeOptions): Promise<void> {
  const { usage } = options;
  const source: UsageSource = usage === undefined ? trailOf(options) : filesOf(usage);
  await answerLeastPrivilege(await openWorld(options), source, options);
}

/** The same of a world and of uses from wherever; sets the exit code. */
export async function answerLeastPrivilege(
  world: World,
  source: UsageSource,
  options: Omit<LeastPrivilegeOptions, Exclude<keyof SourceOptions, 'at'>>,
): Promise<void> {
  const now = options.at ?? Date.now();
  const range = parseRange(options, now);
  if ((range.from ?? 0) > now) {
    throw new CommandError(
      'misuse',
      '--since is later than now',
      'write how far to look back: 30d, 2026-01-15',
    );
  }
  const cluster = onlyCluster(world);
  const subject = parseSubject(options.for, cluster);
  const period = { since: range.from ?? 0, until: range.to ?? now };
  const used = collectUses(cluster, subject, period);
  const gaps = await source(used.add, range);
  const { roundUp, names } = options;
  const universe = knownResources();
  const usage = used.ledger();
  const answer = leastPrivilege(world, cluster, { subject, usage, gaps, universe, roundUp, names });
  if (answer.recorded === 0) process.exitCode = exitCodes.denied;
  printAnswer(options, answer, () => {
    if (answer.recorded > 0) return printableLines(renderLeastPrivilege(answer));
    process.stderr.write(printableLines(nothingRecorded(answer)));
    return '';
  });
}

function filesOf(files: readonly string[]): UsageSource {
  return async (onUse) => {
    const reader = createUsageReader(onUse);
    await readUsageFiles(files, reader);
    return reader.gaps();
  };
}

/** The trail of the running server, which keeps both AWS calls and Kubernetes requests. */
function trailOf(options: SourceOptions): UsageSource {
  return async (onUse, range) => {
    const reader = createUsageReader(onUse);
    const trail = openTrailClient(readConnection(options));
    for await (const items of trail.read({ kubernetes: true }, range)) {
      for (const item of items) reader.record(contentOf(item));
    }
    return reader.gaps();
  };
}
