import { parentPort } from 'node:worker_threads';
import { Misasked } from '../../engine/analysis/ask/misasked.ts';
import type { Snapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { createWorld, type World } from '../../engine/analysis/world/world.ts';
import { ShapeFault } from '../../sources/saved/saved.ts';
import { SourceError } from '../../sources/sourceerror.ts';
import { type AnalysisName, analyses } from './analyses.ts';

/** What the thread is told: a snapshot to keep under a key, when it is not kept yet, and what to ask of it. */
export interface AnalysisTask {
  readonly id: number;
  readonly key: string;
  /** JSON: written in half the time that a copy takes, and other requests wait for as long. */
  readonly snapshot?: string;
  readonly name: AnalysisName;
  readonly input: object;
  /** Epoch milliseconds: the moment the answer is about. */
  readonly now: number;
}

/** The answer as JSON text; or why it could not be asked so; or a fault of ours. */
export type AnalysisResult = { readonly id: number } & (
  | { readonly outcome: 'answered'; readonly text: string }
  | { readonly outcome: 'misasked'; readonly message: string; readonly hint?: string }
  | { readonly outcome: 'failed'; readonly message: string }
);

/** The snapshot asked about last, compiled for the moment asked about last. Who asks again about the same one pays for it once. */
let kept: { readonly key: string; readonly snapshot: Snapshot; world: World } | undefined;

function worldOf({ key, snapshot: text, now }: AnalysisTask): World {
  if (text !== undefined) {
    // Two of them would be twice as large.
    kept = undefined;
    const snapshot = JSON.parse(text) as Snapshot;
    kept = { key, snapshot, world: createWorld(snapshot, { now }) };
  }
  if (kept?.key !== key) throw new Error('the snapshot is not kept');
  // What ends by itself ends between two questions.
  if (kept.world.now !== now) kept.world = createWorld(kept.snapshot, { now });
  return kept.world;
}

function answer(task: AnalysisTask): AnalysisResult {
  const { id, name, input } = task;
  try {
    const analysis = analyses[name] as (world: World, input: object) => object;
    return { id, outcome: 'answered', text: JSON.stringify(analysis(worldOf(task), input)) };
  } catch (error) {
    if (error instanceof Misasked || error instanceof SourceError) {
      const { message, hint } = error;
      return { id, outcome: 'misasked', message, ...(hint !== undefined && { hint }) };
    }
    if (error instanceof ShapeFault)
      return { id, outcome: 'misasked', message: `after${error.path.join('')} ${error.message}` };
    return {
      id,
      outcome: 'failed',
      message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    };
  }
}

parentPort?.on('message', (task: AnalysisTask) => parentPort?.postMessage(answer(task)));
