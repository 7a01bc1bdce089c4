import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Trail } from '../../audit/trail.ts';
import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import type { Analyse, AnalysisAnswer, AskedAnalysis } from '../../services/entryway/analyses.ts';
import type { Storage } from '../../storage/storage.ts';
import { watchSnapshots } from '../snapshots.ts';
import type { AnalysisName } from './analyses.ts';
import { withTrail } from './trailinputs.ts';
import type { AnalysisResult, AnalysisTask } from './worker.ts';

/** Answers analyses in a thread of their own, so that a question about everything holds up no other request. */
export interface Analyst {
  readonly analyse: Analyse;
  close(): Promise<void>;
}

export interface AnalystOptions {
  readonly storage: Pick<Storage, 'watch'>;
  readonly trail: Pick<Trail, 'read'>;
  readonly readSnapshot: (accountId: string | 'all', now: number) => Promise<Snapshot>;
  readonly log: { error(fields: object, message: string): void };
  /** Milliseconds an analysis may take; then its thread is ended. */
  readonly patience?: number;
  /** Analyses that wait at most, the one under way counted; of one account half as many, so that there is room for others. */
  readonly waiting?: number;
  /** Mebibytes an analysis may take; then its thread is ended. */
  readonly memory?: number;
}

/** How the thread ended a task: with a result, or itself. */
type Outcome = AnalysisResult | { readonly outcome: 'ended' | 'abandoned' };

/** The task under way. SECURITY: only its own thread's answer to it counts, so that nobody gets another's. */
interface Waiting {
  readonly id: number;
  readonly worker: Worker;
  readonly settle: (result: Outcome) => void;
}

export function createAnalyst({
  storage,
  trail,
  readSnapshot,
  log,
  patience = 60_000,
  waiting: mostWaiting = 16,
  memory = 2048,
}: AnalystOptions): Analyst {
  let changes = 0;
  const watch = watchSnapshots(storage, () => void changes++);
  let worker: Worker | undefined;
  /** What the thread keeps compiled. */
  let keptKey: string | undefined;
  let ids = 0;
  let waiting = 0;
  const waitingOf = new Map<string, number>();
  let current: Waiting | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  const start = (): Worker => {
    // Written in the extension this file itself has: there is no other after `npm run build`.
    const started = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: memory },
    });
    // An idle thread keeps nobody from stopping.
    started.unref();
    const settle = (result: Outcome): void => {
      if (current?.worker === started) current.settle(result);
    };
    started.on('message', (result: AnalysisResult) => {
      if (current?.id === result.id) settle(result);
    });
    const gone = (result: Outcome): void => {
      if (worker === started) {
        worker = undefined;
        keptKey = undefined;
      }
      settle(result);
    };
    started.on('error', (error: Error & { readonly code?: string }) =>
      gone(
        error.code === 'ERR_WORKER_OUT_OF_MEMORY'
          ? { outcome: 'ended' }
          : { id: current?.id ?? 0, outcome: 'failed', message: error.stack ?? error.message },
      ),
    );
    // Whoever ended it has said why.
    started.on('exit', () => gone({ outcome: 'ended' }));
    return started;
  };

  /** Has the thread answer; it is ended when it takes too long or nobody waits any more. */
  const hand = (asked: Worker, task: AnalysisTask, signal: AbortSignal | undefined): Promise<Outcome> =>
    new Promise((settle) => {
      // First: what cannot be handed over must leave nothing behind. Its answer comes later than this is done.
      asked.postMessage(task);
      const end = (outcome: 'ended' | 'abandoned'): void => {
        // It may take a moment to end, in which nobody else may be given to it.
        if (worker === asked) worker = undefined;
        void asked.terminate();
        current?.settle({ outcome });
      };
      const timer = setTimeout(() => end('ended'), patience);
      const abandon = (): void => end('abandoned');
      signal?.addEventListener('abort', abandon);
      current = {
        id: task.id,
        worker: asked,
        settle(result) {
          clearTimeout(timer);
          signal?.removeEventListener('abort', abandon);
          current = undefined;
          settle(result);
        },
      };
    });

  const run = async (asked: AskedAnalysis): Promise<AnalysisAnswer> => {
    const { name, accountId, trailOf, input, now, signal } = asked;
    if (isAborted(signal)) return { outcome: 'abandoned' };
    const given = await withTrail(name, input, { trail, accountId: trailOf, now, patience, signal });
    // Read only where something changed since; the key says as of when.
    const key = `${accountId} ${changes}`;
    const isKept = worker !== undefined && keptKey === key;
    const snapshot = isKept ? undefined : await readSnapshot(accountId, now);
    if (isAborted(signal)) return { outcome: 'abandoned' };
    worker ??= start();
    keptKey = undefined;
    const task: AnalysisTask = {
      ...{ id: ids++, key, name: name as AnalysisName, input: given },
      // A world is compiled for its moment; to the minute is near enough for what ends by itself.
      now: Math.floor(now / 60_000) * 60_000,
      ...(snapshot !== undefined && { snapshot: JSON.stringify(snapshot) }),
    };
    const result = await hand(worker, task, signal);
    // What failed did so perhaps before it had compiled what it was to keep.
    if (result.outcome === 'answered' || result.outcome === 'misasked') keptKey = key;
    if (result.outcome === 'failed')
      log.error({ analysis: name, error: result.message }, 'an analysis failed');
    if (result.outcome === 'ended')
      log.error({ analysis: name }, 'an analysis was ended: it took too long, or too much memory');
    return result;
  };

  return {
    async analyse(asked) {
      const { accountId } = asked;
      const own = waitingOf.get(accountId) ?? 0;
      if (waiting >= mostWaiting || own >= mostWaiting / 2) return { outcome: 'busy' };
      waiting++;
      waitingOf.set(accountId, own + 1);
      // One after the other: they share one processor and the snapshot that is kept.
      const mine = turn.then(() => run(asked));
      turn = mine.catch(() => {});
      try {
        return await mine;
      } finally {
        waiting--;
        const left = (waitingOf.get(accountId) ?? 1) - 1;
        if (left > 0) waitingOf.set(accountId, left);
        else waitingOf.delete(accountId);
      }
    },
    async close() {
      watch.close();
      await worker?.terminate();
    },
  };
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
