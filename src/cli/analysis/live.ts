import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { readLive } from '../../sources/live/live.ts';
import { parseSnapshot, writeSnapshot } from '../../sources/saved/saved.ts';
import { sha256Hex } from '../../wire/sigv4/canonical.ts';
import { CommandError } from '../failure.ts';
import { readText } from '../textfile.ts';
import { parseMoment } from '../trail/times.ts';
import type { SourceOptions } from './options.ts';
import { createProgress } from './progress.ts';
import { writeWhole } from './writewhole.ts';

/** What is there now; with `--cache` what was there not long ago, if it was kept and the same was asked. */
export async function readLiveSource(options: SourceOptions): Promise<Snapshot> {
  const { cache, maxAge = '1h' } = options;
  if (cache === undefined) return await readNow(options);
  const now = Date.now();
  const since = parseMoment(maxAge, '--max-age', now);
  const mark = `${markPrefix}${askedOf(options, process.env)}`;
  const kept = readKept(cache);
  if (kept?.sources.includes(mark) === true && kept.takenAt >= since && kept.takenAt <= now) {
    const readAt = new Date(kept.takenAt).toISOString();
    process.stderr.write(`entryway: as read at ${readAt} and kept in ${cache}; --max-age 0s reads anew\n`);
    return kept;
  }
  const snapshot = await readNow(options);
  const marked = { ...snapshot, sources: [...snapshot.sources, mark] };
  writeWhole(cache, writeSnapshot(marked));
  return marked;
}

const markPrefix = 'kept for ';

/** What is in the file; undefined where there is none. Nobody loses another file because its name was given here. */
function readKept(file: string): Snapshot | undefined {
  if (!existsSync(file)) return undefined;
  let kept: Snapshot | undefined;
  try {
    kept = parseSnapshot(readText(file), file);
  } catch {
    // It is something else, and told so below.
  }
  if (kept?.sources.some((source) => source.startsWith(markPrefix)) === true) return kept;
  throw new CommandError(
    'misuse',
    `\`${file}\` was not written by --cache, and would be overwritten`,
    'name another file, or remove this one',
  );
}

/**
 * A digest of all that decides whom is asked about what: another profile, region, kubeconfig, context or cluster is another.
 *
 * SECURITY: what was kept of one account must not answer for another, so that the files behind the names count as well: a
 * profile of the same name may be another account's today. Only a digest is written.
 */
export function askedOf(
  { profile, awsRegion, kubeconfig, context, cluster }: SourceOptions,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const home = env.HOME ?? homedir();
  const files = [
    env.AWS_CONFIG_FILE ?? join(home, '.aws', 'config'),
    env.AWS_SHARED_CREDENTIALS_FILE ?? join(home, '.aws', 'credentials'),
    ...(kubeconfig ?? env.KUBECONFIG ?? join(home, '.kube', 'config')).split(delimiter),
  ];
  const aws = Object.entries(env)
    .filter(([name]) => name.startsWith('AWS_'))
    .sort(([one], [other]) => (one < other ? -1 : 1));
  const asked = [
    profile,
    awsRegion,
    context,
    cluster?.toSorted(),
    aws,
    files.map((file) => [file, textOf(file)]),
  ];
  return sha256Hex(JSON.stringify(asked)).slice(0, 32);
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

async function readNow({
  cluster,
  profile,
  awsRegion,
  kubeconfig,
  context,
}: SourceOptions): Promise<Snapshot> {
  const progress = createProgress(process.stderr);
  try {
    return await readLive({
      now: Date.now(),
      progress: progress.show,
      ...(cluster !== undefined && { clusters: cluster }),
      ...(profile !== undefined && { profile }),
      ...(awsRegion !== undefined && { region: awsRegion }),
      ...(kubeconfig !== undefined && { kubeconfig }),
      ...(context !== undefined && { context }),
    });
  } finally {
    progress.clear();
  }
}
