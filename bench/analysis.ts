import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSnapshot } from '../src/sources/saved/saved.ts';
import type { AnalysisFigures } from './analysisprocess.ts';
import { bigSnapshot, largeOrganisation } from './analysissnapshot.ts';
import { duration, megabytes, type Report, times, whole } from './report.ts';
import type { BenchOptions } from './section.ts';

/** Prints what analyses of one large organization cost. They run in a process of their own, whose memory is told. */
export async function benchAnalysis(report: Report, { seed, directory }: BenchOptions): Promise<void> {
  const file = join(directory, 'snapshot.json');
  const snapshot = bigSnapshot(seed, largeOrganisation);
  const text = writeSnapshot(snapshot);
  writeFileSync(file, text);
  const { principals, clusters, entriesPerCluster, roles, bindings } = largeOrganisation;
  report.note(
    `A saved snapshot of ${megabytes(text.length)}: ${whole(principals)} IAM principals, ${clusters} clusters with ` +
      `${whole(entriesPerCluster)} access entries each, ${whole(roles)} RBAC roles and ${whole(bindings)} bindings in all. Questions are about ` +
      'all ten clusters. The same by asking everybody in turn is what an index has to beat.',
  );
  const script = join(import.meta.dirname, 'analysisprocess.ts');
  const output = execFileSync(process.execPath, [script, file], { encoding: 'utf8', maxBuffer: 2 ** 24 });
  const figures = JSON.parse(output) as AnalysisFigures;
  const ns = (milliseconds: number): string => duration(milliseconds * 1e6);
  report.table([
    ['what', 'median', 'bound', 'by asking everybody', 'ratio'],
    ['load: read, check, compile', ns(figures.load), '5 s', '', ''],
    ['who-can, first', ns(figures.whoCanFirst), '', '', ''],
    [
      `who-can get secrets in one namespace (${whole(figures.whoCanRows)} rows)`,
      ns(figures.whoCan),
      '100 ms',
      ns(figures.askingEverybody),
      times(figures.askingEverybody, figures.whoCan),
    ],
    [`lint (${whole(figures.lintFindings)} findings)`, ns(figures.lint), '10 s', '', ''],
    [`explain a refusal (${whole(figures.proposals)} proposals)`, ns(figures.explain), '', '', ''],
    [`migrate aws-auth of one cluster, proved of ${whole(figures.proved)}`, ns(figures.migrate), '', '', ''],
    ['resident memory at most until here', megabytes(figures.residentBytes), '1024 MiB', '', ''],
    [`diff with a snapshot of ${whole(figures.diffChanged)} changed subjects`, ns(figures.diff), '', '', ''],
    ['resident memory at most with both', megabytes(figures.residentBytesOfBoth), '', '', ''],
  ]);
}
