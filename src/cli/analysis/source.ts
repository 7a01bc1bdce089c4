import type { Gap, Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { createWorld, type World } from '../../engine/analysis/world/world.ts';
import { CommandError } from '../failure.ts';
import { callAs } from '../ours.ts';
import type { SourceOptions } from './options.ts';

/** The snapshot the options ask for, with the clusters they name. */
export async function readSource(options: SourceOptions): Promise<Snapshot> {
  const snapshot = await readWhole(options);
  const { cluster: wanted } = options;
  if (wanted === undefined) return snapshot;
  const clusters = snapshot.clusters.filter(({ name, arn }) => wanted.includes(name) || wanted.includes(arn));
  const missing = wanted.find((one) => !clusters.some(({ name, arn }) => name === one || arn === one));
  if (missing !== undefined) {
    const names = snapshot.clusters.map(({ name }) => `\`${name}\``).join(', ');
    throw new CommandError(
      'misuse',
      `there is no cluster \`${missing}\` in what was read`,
      names === ''
        ? 'no cluster was read: name a source that has one: --from PATH, or --live'
        : `there is ${names}`,
    );
  }
  return { ...snapshot, clusters };
}

async function readWhole(options: SourceOptions): Promise<Snapshot> {
  const { from, cluster } = options;
  if (from !== undefined) {
    // Reading YAML is slow to load, and most commands ask a server.
    const { readFiles } = await import('../../sources/files/readfiles.ts');
    return readFiles(from, { now: Date.now(), ...(cluster && { clusters: cluster }) });
  }
  if (options.live === true) return (await import('./live.ts')).readLiveSource(options);
  // A server with a hundred thousand bindings thinks for some seconds before it says anything.
  const patient = { ...options, deadline: 180_000 };
  const { snapshot } = await callAs<{ readonly snapshot: Snapshot }>(patient, 'GetSnapshot', {});
  return snapshot;
}

/** The same, ready to be asked. */
export async function openWorld(options: SourceOptions): Promise<World> {
  const snapshot = await readSource(options);
  return createWorld(snapshot, options.at === undefined ? {} : { now: options.at });
}

/** `incomplete because …`, one line each, with the place where there is one. */
export function gapLines(gaps: readonly Gap[]): readonly string[] {
  return gaps.map(({ reason, place }) => {
    const where = place === undefined ? '' : `${place.file}:${place.line}:${place.column}: `;
    return `incomplete because ${where}${reason}`;
  });
}
