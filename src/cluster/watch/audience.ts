import type { KubeObject } from '../objects/object.ts';
import { eventOf } from './events.ts';
import { type Chunk, chunkOf } from './queues.ts';
import type { ToldChange, ToldState } from './told.ts';

/** How an audience reads an object. Forms are compared by identity: one object for all who read alike. */
export interface TellingForm {
  write(state: ToldState): string;
  /** The first object a watcher is told, where that differs (a Table's columns); undefined where it does not. */
  readonly writeFirst: ((state: ToldState) => string) | undefined;
}

/** One watcher of an audience. */
export interface Listener {
  /** Whether it was told an object before. */
  hasBegun: boolean;
  push(chunk: Chunk): void;
  /** What it should be told could not be written: it must list anew. */
  fail(): void;
}

/**
 * Watchers who are told the very same: one selection, one form. An event is selected, written and encoded once for all
 * of them, and what happens in one turn of the event loop is one chunk.
 */
export interface Audience {
  tell(change: ToldChange): void;
  join(listener: Listener): void;
  leave(listener: Listener): void;
  /** Hands out what was told so far at once. */
  settle(): void;
  readonly size: number;
}

/** Characters of the lines put together in one chunk; a longer line is a chunk of its own. */
const chunkLength = 64 * 1024;
/** Milliseconds of handing out until others have a turn. */
const turnLength = 5;

interface Line {
  readonly type: string;
  readonly state: ToldState;
}

interface Delivery {
  readonly common: readonly Chunk[];
  readonly lines: readonly Line[];
  readonly listeners: Iterator<Listener>;
}

export function eventLine(type: string, object: string): string {
  return `{"type":"${type}","object":${object}}\n`;
}

export function createAudience(
  form: TellingForm,
  matches: ((object: KubeObject) => boolean) | undefined,
): Audience {
  const listeners = new Set<Listener>();
  let told: Line[] = [];
  /** Under way; what is told meanwhile goes with the next. */
  let delivery: Delivery | undefined;
  let isScheduled = false;

  /** Nobody is there to hear of it: an object that cannot be read or shown must not end the process. */
  const failAll = (): void => {
    for (const listener of [...listeners]) listener.fail();
  };
  const begin = (): Delivery | undefined => {
    const lines = told;
    told = [];
    try {
      const common = chunksOf(lines.map(({ type, state }) => eventLine(type, state.text(form))));
      return { common, lines, listeners: listeners.values() };
    } catch {
      failAll();
      return undefined;
    }
  };
  /** Whether it is complete. */
  const deliver = ({ common, lines, listeners: left }: Delivery, until: number): boolean => {
    let opening: readonly Chunk[] | undefined;
    for (let next = left.next(); !next.done; next = left.next()) {
      const listener = next.value;
      let chunks = common;
      if (!listener.hasBegun && form.writeFirst !== undefined) {
        opening ??= openingOf(lines, form.writeFirst);
        chunks = opening;
        if (chunks.length === 0) listener.fail();
      }
      listener.hasBegun = true;
      for (const chunk of chunks) listener.push(chunk);
      if (performance.now() > until) return false;
    }
    return true;
  };
  const openingOf = (
    [first, ...others]: readonly Line[],
    writeFirst: (state: ToldState) => string,
  ): readonly Chunk[] => {
    if (first === undefined) return [];
    try {
      return chunksOf([
        eventLine(first.type, writeFirst(first.state)),
        ...others.map(({ type, state }) => eventLine(type, state.text(form))),
      ]);
    } catch {
      return [];
    }
  };
  const run = (until: number): void => {
    while (delivery !== undefined || told.length > 0) {
      delivery ??= begin();
      if (delivery !== undefined && !deliver(delivery, until)) {
        schedule();
        return;
      }
      delivery = undefined;
    }
  };
  const schedule = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      run(performance.now() + turnLength);
    });
  };

  return {
    tell(change) {
      try {
        const event = eventOf(change, matches);
        if (event === undefined) return;
        told.push(event);
        schedule();
      } catch {
        failAll();
      }
    },
    join(listener) {
      // INVARIANT: nothing told before it joined is still to be handed out; it has read that by itself.
      run(Number.POSITIVE_INFINITY);
      listeners.add(listener);
    },
    leave: (listener) => void listeners.delete(listener),
    settle: () => run(Number.POSITIVE_INFINITY),
    get size() {
      return listeners.size;
    },
  };
}

function chunksOf(lines: readonly string[]): readonly Chunk[] {
  const chunks: Chunk[] = [];
  let text = '';
  for (const line of lines) {
    if (text !== '' && text.length + line.length > chunkLength) {
      chunks.push(chunkOf(text));
      text = '';
    }
    text += line;
  }
  if (text !== '') chunks.push(chunkOf(text));
  return chunks;
}
