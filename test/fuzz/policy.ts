/**
 * A long campaign against the policy parser: `node test/fuzz/policy.ts [seconds]`, 20 unless told; `ENTRYWAY_SEED` repeats
 * one. Prints what it did and each finding; exits 1 when there is one. A finding belongs into `corpus/`.
 */

import { seedOfRun } from '../seed.ts';
import { runCampaign } from './campaign.ts';

const seconds = Number(process.argv[2] ?? 20);
if (!Number.isFinite(seconds) || seconds <= 0) {
  console.error('usage: node test/fuzz/policy.ts [seconds]');
  process.exit(2);
}
const seed = seedOfRun();
const { executions, shapes, findings } = runCampaign(seed, performance.now() + seconds * 1000);
for (const { what, kind, text } of findings) {
  console.log(`finding: ${kind} policy ${what}\n${JSON.stringify(text.slice(0, 2_000))}`);
}
console.log(
  `${executions} executions in ${seconds} s from seed ${seed}; ${shapes} shapes; ${findings.length} findings`,
);
process.exitCode = findings.length === 0 ? 0 : 1;
