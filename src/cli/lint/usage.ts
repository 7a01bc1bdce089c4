import { createUsageCollector, type Usage } from '../../engine/analysis/accesslint/usage.ts';
import { createUsageReader, readUsageFiles } from '../../sources/usage/usage.ts';

/** Who used what in clusters, from logs, and what of them could not be understood. */
export async function readUsage(files: readonly string[]): Promise<Usage> {
  const collector = createUsageCollector();
  const reader = createUsageReader(collector.add);
  await readUsageFiles(files, reader);
  return collector.usage(reader.gaps());
}
