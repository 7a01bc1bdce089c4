import type { KubeObject } from '../objects/object.ts';
import type { ToldChange, ToldState } from './told.ts';

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly state: ToldState;
}

/**
 * What a change means to somebody who sees only the selected objects: one that enters the selection is ADDED, one
 * that leaves it is DELETED, and a deleted one carries its last state at the revision of the deletion
 * (kubernetes-facts E8, E16).
 */
export function eventOf(
  { current, before }: ToldChange,
  matches: ((object: KubeObject) => boolean) | undefined,
): WatchEvent | undefined {
  const isSelected = current !== undefined && (matches === undefined || matches(current.object));
  const wasSelected = before !== undefined && (matches === undefined || matches(before.object));
  if (isSelected) return { type: wasSelected ? 'MODIFIED' : 'ADDED', state: current };
  return wasSelected ? { type: 'DELETED', state: before } : undefined;
}
