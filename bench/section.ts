import type { Report } from './report.ts';

export interface BenchOptions {
  /** Everything random follows from it. */
  readonly seed: number;
  /** Also what takes minutes. */
  readonly full: boolean;
  /** An empty directory of this run; its file system is what durable writes are measured on. */
  readonly directory: string;
}

export type Section = (report: Report, options: BenchOptions) => Promise<void>;
