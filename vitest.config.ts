import { homedir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

// The workers, and the programs they start with their own environment, find their code compiled, as the launcher's do.
process.env.NODE_COMPILE_CACHE ??= join(
  process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
  'entryway',
  'compiled',
);

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    // One more than the two cores of a small machine: tests of processes wait as much as they work.
    maxWorkers: 3,
    // Files share the modules of their worker: reading the SDK's clients anew for each of them takes a minute.
    isolate: false,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ['default', './test/closingline.ts'],
  },
});
