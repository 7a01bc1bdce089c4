import type { Change } from '../../storage/storage.ts';
import type { KubeObject } from '../objects/object.ts';
import { readObject } from '../objects/store.ts';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

/**
 * What a change means to somebody who sees only the selected objects: one that enters the selection is ADDED, one
 * that leaves it is DELETED, and a deleted one carries its last state at the revision of the deletion
 * (kubernetes-facts E8, E16).
 */
export function eventOf(
  change: Change,
  matches: ((object: KubeObject) => boolean) | undefined,
): WatchEvent | undefined {
  const { current, before } = statesOf(change);
  const isSelected = current !== undefined && (matches === undefined || matches(current));
  const wasSelected = before !== undefined && (matches === undefined || matches(before));
  if (isSelected) return { type: wasSelected ? 'MODIFIED' : 'ADDED', object: current };
  return wasSelected ? { type: 'DELETED', object: before } : undefined;
}

interface States {
  readonly current: KubeObject | undefined;
  readonly before: KubeObject | undefined;
}

/** Every watch of a collection is told the same change: it is read once for all of them. */
const readChanges = new WeakMap<Change, States>();

function statesOf(change: Change): States {
  const known = readChanges.get(change);
  if (known !== undefined) return known;
  const { value, previous, revision } = change;
  const states = {
    current: value === undefined ? undefined : readObject({ value, revision }),
    before: previous === undefined ? undefined : readObject({ value: previous.value, revision }),
  };
  readChanges.set(change, states);
  return states;
}
