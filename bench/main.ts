import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, platform, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { benchAgent } from './agent.ts';
import { benchAnalysis } from './analysis.ts';
import { benchDecisions } from './decisions.ts';
import { benchEvaluations } from './evaluations.ts';
import { benchMemory } from './memory.ts';
import { benchObjects } from './objects.ts';
import { createReport, duration } from './report.ts';
import { benchRequests } from './requests.ts';
import type { Section } from './section.ts';
import { benchSignatures } from './signatures.ts';
import { benchStart } from './start.ts';
import { benchTrail } from './trail.ts';
import { benchWatches } from './watches.ts';
import { benchWebhooks } from './webhooks.ts';
import { benchWorkload } from './workload.ts';
import { benchWrites } from './writes.ts';

/**
 * `npm run bench [-- section…] [--seed N] [--full] [--directory DIR]`: prints what things cost on this machine. Medians
 * of several rounds; compare the columns of one run with each other, not one machine with another.
 */
const sections: Readonly<Record<string, readonly [title: string, run: Section]>> = {
  decisions: ['decisions', benchDecisions],
  evaluations: ['IAM policies', benchEvaluations],
  analysis: ['who can, lint and diff on one large organization', benchAnalysis],
  signatures: ['tokens and signatures', benchSignatures],
  requests: ['requests to a built-in cluster, authenticated and authorized', benchRequests],
  objects: ['lists and writes of a built-in cluster', benchObjects],
  watches: ['watches of a built-in cluster', benchWatches],
  webhooks: ['webhooks of a connected cluster, over mutual TLS', benchWebhooks],
  agent: ['the node agent of Pod Identity', benchAgent],
  workload: ['credentials for pods', benchWorkload],
  writes: ['durable writes', benchWrites],
  trail: ['the trail', benchTrail],
  start: ['start', benchStart],
  memory: ['memory', benchMemory],
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    full: { type: 'boolean', default: false },
    directory: { type: 'string', default: tmpdir() },
  },
});

const unknown = positionals.filter((name) => !Object.hasOwn(sections, name));
const seed = Number(values.seed);
if (unknown.length > 0 || !Number.isSafeInteger(seed)) {
  process.stderr.write(
    `bench: ${unknown.length > 0 ? `no section \`${unknown.join(', ')}\`` : '--seed takes a whole number'}\n` +
      `hint: sections are ${Object.keys(sections).join(', ')}\n`,
  );
  process.exit(2);
}

const report = createReport((text) => process.stdout.write(text));
const chosen = positionals.length > 0 ? positionals : Object.keys(sections);
const directory = mkdtempSync(join(values.directory, 'entryway-bench-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

const processors = availableParallelism();
report.note(
  `Node ${process.version}, ${platform()} ${release()}, ${processors} × ${cpus()[0]?.model ?? 'unknown'}, seed ${seed}`,
);
for (const name of chosen) {
  const [title, run] = sections[name] as (typeof sections)[string];
  report.title(title);
  const [busy = 0] = loadavg();
  if (busy > processors && name === chosen[0]) {
    report.note(
      `this machine is busy with other work (load ${busy.toFixed(1)}): read the ratios, not the figures\n`,
    );
  }
  const started = performance.now();
  await run(report, { seed, full: values.full, directory: mkdtempSync(join(directory, `${name}-`)) });
  report.note(`(measured in ${duration((performance.now() - started) * 1e6)})`);
}
