import type { Principal } from '../../../engine/iam/principal.ts';
import type { RandomSource } from '../../secrets.ts';

export type Granularity = 'SERVICE_LEVEL' | 'ACTION_LEVEL';

/** A question about last use that somebody has put. Times are epoch milliseconds. */
export interface AccessJob {
  readonly id: string;
  /** Of whom it asks: user, role, group or policy. */
  readonly arn: string;
  readonly granularity: Granularity;
  readonly createdAt: number;
}

/** The questions put lately. They are kept in memory: after a restart they are put again. */
export interface AccessJobs {
  add(maker: Principal, arn: string, granularity: Granularity, now: number): AccessJob;
  /** Undefined for a job of somebody else, also of the same account (iam-facts J22), and for one that has expired. */
  find(maker: Principal, id: string, now: number): AccessJob | undefined;
}

const lifetimeMs = 7 * 24 * 60 * 60 * 1000;
/** The oldest job of the same account makes room: nobody can push out those of another. */
const jobsPerAccount = 1000;

export function createAccessJobs(random: RandomSource): AccessJobs {
  const accounts = new Map<string, Map<string, AccessJob & { readonly maker: string }>>();
  return {
    add({ accountId, principalId }, arn, granularity, now) {
      const jobs = accounts.get(accountId) ?? new Map();
      accounts.set(accountId, jobs);
      const [oldest] = jobs.keys();
      if (jobs.size >= jobsPerAccount && oldest !== undefined) jobs.delete(oldest);
      const job = { id: random.uuid(), arn, granularity, createdAt: now, maker: principalId };
      jobs.set(job.id, job);
      return job;
    },
    find({ accountId, principalId }, id, now) {
      const job = accounts.get(accountId)?.get(id);
      if (job === undefined || job.maker !== principalId) return undefined;
      return Math.abs(now - job.createdAt) < lifetimeMs ? job : undefined;
    },
  };
}
