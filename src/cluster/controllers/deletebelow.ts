import type { Delete, Expectation, Put } from '../../storage/storage.ts';
import { sameJson } from '../../wire/kube/json.ts';
import type { ResourceDefinition } from '../../wire/kube/resources.ts';
import { deletionStep } from '../objects/deletion.ts';
import type { KubeObject } from '../objects/object.ts';
import { readObject, writeObject } from '../objects/store.ts';
import type { Turns } from '../turns.ts';
import type { ControllerContext } from './controller.ts';

/** How many objects go in one commit. */
const batchSize = 200;

/** What is told of a deletion while it goes on. */
export interface DeletionTold {
  /** An object that something still holds, as it is marked now; `length` is its characters in the store. */
  held(object: KubeObject, length: number): void;
  /** An object that cannot be read or written, or a lost race: the others go all the same. */
  failed(error: unknown): void;
}

/** Deletes every object of one resource below a prefix of the store, as far as nothing holds it, with turns for others. */
export async function deleteBelow(
  { storage, now }: Pick<ControllerContext, 'storage' | 'now'>,
  kind: Pick<ResourceDefinition, 'group' | 'resource'>,
  prefix: string,
  { turns, told }: { readonly turns: Turns; readonly told: DeletionTold },
): Promise<void> {
  let after = prefix;
  for (let more = true; more; ) {
    const page = await storage.list({ prefix, after, limit: batchSize });
    more = page.more;
    const expect: Expectation[] = [];
    const changes: (Put | Delete)[] = [];
    for (const entry of page.entries) {
      after = entry.key;
      if (turns.isOver()) await turns.next();
      try {
        const stored = readObject(entry);
        const { outcome, object } = deletionStep(kind, stored, { propagation: 'Background' }, now());
        if (outcome === 'held') {
          told.held(object, entry.value.length);
          if (sameJson(object, stored)) continue;
        }
        changes.push(
          outcome === 'gone' ? { type: 'delete', key: entry.key } : writeObject(entry.key, object),
        );
        expect.push({ key: entry.key, revision: entry.revision });
      } catch (error) {
        told.failed(error);
      }
    }
    if (changes.length > 0) await storage.commit({ expect, changes }).catch((error) => told.failed(error));
  }
}
