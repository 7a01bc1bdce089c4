import { statSync } from 'node:fs';
import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { readLive } from '../../sources/live/live.ts';
import { parseSnapshot, writeSnapshot } from '../../sources/saved/saved.ts';
import { readText } from '../textfile.ts';
import { parseMoment } from '../trail/times.ts';
import type { SourceOptions } from './options.ts';
import { createProgress } from './progress.ts';
import { writeWhole } from './writewhole.ts';

/** What is there now; with `--cache` what was there not long ago, if it was kept. */
export async function readLiveSource(options: SourceOptions): Promise<Snapshot> {
  const { cache } = options;
  if (cache !== undefined && isFresh(cache, options.maxAge ?? '1h'))
    return parseSnapshot(readText(cache), cache);
  const snapshot = await readNow(options);
  if (cache !== undefined) writeWhole(cache, writeSnapshot(snapshot));
  return snapshot;
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

/** Whether the file is there and was written since `maxAge` ago. */
function isFresh(file: string, maxAge: string): boolean {
  const since = parseMoment(maxAge, '--max-age', Date.now());
  return (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= since;
}
