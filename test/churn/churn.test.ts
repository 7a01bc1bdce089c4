import { expect, test } from 'vitest';
import { seedOfRun } from '../seed.ts';
import { churn } from './churn.ts';

test('a controller on informers whose connections are cut again and again misses no event', async () => {
  const seed = seedOfRun();
  console.log(`seed of the churn: ${seed}`);
  const report = await churn({ seconds: 2, seed });
  expect(report.problems).toEqual([]);
  expect(report.writes).toBeGreaterThan(5);
  expect(report.connectionsCut).toBeGreaterThan(0);
}, 40_000);
