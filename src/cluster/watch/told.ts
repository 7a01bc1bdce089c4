import type { Change, StoredEntry } from '../../storage/storage.ts';
import type { KubeObject } from '../objects/object.ts';
import { readObject } from '../objects/store.ts';

type State = Pick<StoredEntry, 'value' | 'revision'>;

/** An object before or after a change; read, and written in each form, once for all who are told of it. */
export interface ToldState {
  readonly entry: State;
  readonly object: KubeObject;
  /** What `write` makes of it, remembered for this form. */
  text(form: { write(state: ToldState): string }): string;
}

/** A change as it is told to many. Lives while they are told. */
export interface ToldChange {
  readonly current: ToldState | undefined;
  /** The state before, at the revision of the change: so a deleted object is told (kubernetes-facts E8). */
  readonly before: ToldState | undefined;
}

export function readChange({ value, previous, revision }: Change): ToldChange {
  return {
    current: value === undefined ? undefined : readState({ value, revision }),
    before: previous === undefined ? undefined : readState({ value: previous.value, revision }),
  };
}

export function readState(entry: State): ToldState {
  let object: KubeObject | undefined;
  const texts = new Map<object, string>();
  const state: ToldState = {
    entry,
    get object() {
      object ??= readObject(entry);
      return object;
    },
    text(form) {
      const known = texts.get(form);
      if (known !== undefined) return known;
      const text = form.write(state);
      texts.set(form, text);
      return text;
    },
  };
  return state;
}
