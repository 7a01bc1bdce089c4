import type { Change } from '../../storage/storage.ts';
import { apiVersionOf, type ResourceDefinition } from '../../wire/kube/resources.ts';
import { expired } from '../../wire/kube/status.ts';
import type { KubeObject } from '../objects/object.ts';
import { eventLine, type Listener, type TellingForm } from './audience.ts';
import { eventOf } from './events.ts';
import type { Snapshot } from './follower.ts';
import { readChange, readState, type ToldState } from './told.ts';

/** Tells a client how far it is, without an object (kubernetes-facts E16, D3.6). */
export function bookmarkLine(
  resource: ResourceDefinition,
  revision: number,
  options: { readonly endsInitialEvents: boolean },
): string {
  const object = {
    kind: resource.kind,
    apiVersion: apiVersionOf(resource),
    metadata: {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(options.endsInitialEvents && { annotations: { 'k8s.io/initial-events-end': 'true' } }),
    },
  };
  return eventLine('BOOKMARK', JSON.stringify(object));
}

/** Tells a client that it must list anew. */
export function expiredLine(message: string): string {
  return eventLine('ERROR', JSON.stringify(expired(message).status));
}

/**
 * What a watch begins with: ADDED for everything in the snapshot, the bookmark that ends them, then the changes that
 * came after. Made as it is read; '' stands for something that is not selected.
 */
export function* openingLines(options: {
  readonly snapshot: Snapshot | undefined;
  readonly bookmark: string;
  readonly changes: readonly Change[];
  readonly form: TellingForm;
  readonly matches: ((object: KubeObject) => boolean) | undefined;
  readonly listener: Listener;
}): Generator<string> {
  const { snapshot, bookmark, changes, form, matches, listener } = options;
  let isFirst = true;
  const line = (type: string, state: ToldState): string => {
    const write = isFirst ? (form.writeFirst ?? form.write) : form.write;
    isFirst = false;
    listener.hasBegun = true;
    return eventLine(type, write(state));
  };
  for (const entry of snapshot?.entries ?? []) {
    const state = readState(entry);
    yield matches === undefined || matches(state.object) ? line('ADDED', state) : '';
  }
  yield bookmark;
  for (const change of changes) {
    const event = eventOf(readChange(change), matches);
    yield event === undefined ? '' : line(event.type, event.state);
  }
}
