import type { FollowerLog } from './follower.ts';

/** Lines that may come at once, and the milliseconds after which one more may. */
const burst = 30;
const interval = 60_000;

/**
 * The log as one cluster may use it: some lines at once, then one a minute.
 *
 * SECURITY: what is told follows what a cluster's API does, at whatever pace it does it; without a bound an API that is
 * now well and now not could fill the disk, and the lines of other clusters would be lost in its own. How it goes at
 * present is told by DescribeClusterConnection and the metrics, whatever was left out here.
 */
export function sparingly(log: FollowerLog, now: () => number): FollowerLog {
  let left = burst;
  let since = now();
  let untold = 0;
  const tell =
    (level: keyof FollowerLog): FollowerLog[typeof level] =>
    (fields, message) => {
      const earned = Math.floor((now() - since) / interval);
      if (earned > 0) {
        left = Math.min(burst, left + earned);
        since += earned * interval;
      }
      if (left < 1) {
        untold++;
        return;
      }
      left--;
      log[level](untold === 0 ? fields : { ...fields, untold }, message);
      untold = 0;
    };
  return { info: tell('info'), warn: tell('warn') };
}
