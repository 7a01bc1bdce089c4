import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import type { Analyse } from '../../services/entryway/analyses.ts';
import type { Storage, Watch } from '../../storage/storage.ts';
import type { AnalysisName } from './analyses.ts';
import type { AnalysisResult, AnalysisTask } from './worker.ts';

/** Answers analyses in a thread of their own, so that a question about everything holds up no other request. */
export interface Analyst {
  readonly analyse: Analyse;
  close(): Promise<void>;
}

export interface AnalystOptions {
  readonly storage: Pick<Storage, 'watch'>;
  readonly readSnapshot: (accountId: string | 'all', now: number) => Promise<Snapshot>;
  readonly log: { error(fields: object, message: string): void };
  /** Milliseconds an analysis may take; then its thread is ended. */
  readonly patience?: number;
  /** Analyses that wait at most, the one under way counted. */
  readonly waiting?: number;
}

/** Below these something may change what a snapshot holds (`storage/records/keys.ts`). */
const prefixes = [
  'account/',
  'iam/',
  'access-key/',
  'eks/',
  'access-entry/',
  'access-policy/',
  'identity-provider-config/',
  'object/',
  'block/',
  'aws-auth-good/',
];

/** The task under way. SECURITY: only its own thread's answer to it counts, so that nobody gets another's. */
interface Waiting {
  readonly id: number;
  readonly worker: Worker;
  readonly settle: (result: AnalysisResult) => void;
}

export function createAnalyst({
  storage,
  readSnapshot,
  log,
  patience = 60_000,
  waiting: mostWaiting = 16,
}: AnalystOptions): Analyst {
  let changes = 0;
  const watches: readonly Watch[] = prefixes.map((prefix) => storage.watch({ prefix }, () => void changes++));
  let worker: Worker | undefined;
  /** What the thread keeps compiled. */
  let keptKey: string | undefined;
  let ids = 0;
  let waiting = 0;
  let current: Waiting | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const forget = (): void => {
    worker = undefined;
    keptKey = undefined;
  };
  const start = (): Worker => {
    // Written in the extension this file itself has: there is no other after `npm run build`.
    const started = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 2048 },
    });
    // An idle thread keeps nobody from stopping.
    started.unref();
    started.on('message', (result: AnalysisResult) => {
      if (current?.worker === started && current.id === result.id) current.settle(result);
    });
    const ended = (message: string): void => {
      if (worker === started) forget();
      if (current?.worker === started) current.settle({ id: current.id, outcome: 'failed', message });
    };
    started.on('error', (error) => ended(error.message));
    started.on('exit', () => ended('the analysis was ended: it took too long, or too much memory'));
    return started;
  };

  const run = async (name: AnalysisName, accountId: string | 'all', input: object, now: number) => {
    // Read only where something changed since; the key says as of when.
    const key = `${accountId} ${changes}`;
    const isKept = worker !== undefined && keptKey === key;
    const snapshot = isKept ? undefined : await readSnapshot(accountId, now);
    worker ??= start();
    keptKey = key;
    const task: AnalysisTask = {
      ...{ id: ids++, key, name, input },
      // A world is compiled for its moment; to the minute is near enough for what ends by itself.
      now: Math.floor(now / 60_000) * 60_000,
      ...(snapshot !== undefined && { snapshot }),
    };
    const asked = worker;
    const result = await new Promise<AnalysisResult>((settle) => {
      const timer = setTimeout(() => void asked.terminate(), patience);
      current = {
        id: task.id,
        worker: asked,
        settle(one) {
          clearTimeout(timer);
          current = undefined;
          settle(one);
        },
      };
      asked.postMessage(task);
    });
    if (result.outcome === 'failed')
      log.error({ analysis: name, error: result.message }, 'an analysis failed');
    return result;
  };

  return {
    async analyse(name, accountId, input, now) {
      if (waiting >= mostWaiting) return { outcome: 'busy' };
      waiting++;
      // One after the other: they share one processor and the snapshot that is kept.
      const mine = turn.then(() => run(name as AnalysisName, accountId, input, now));
      turn = mine.catch(() => {});
      try {
        return await mine;
      } finally {
        waiting--;
      }
    },
    async close() {
      for (const watch of watches) watch.close();
      await worker?.terminate();
    },
  };
}
