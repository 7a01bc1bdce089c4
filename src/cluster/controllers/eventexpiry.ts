import type { Delete, Expectation } from '../../storage/storage.ts';
import { isObject, type JsonValue, printed } from '../../wire/kube/json.ts';
import type { KubeObject } from '../objects/object.ts';
import type { Controller, CreateController } from './controller.ts';

/** How long an event is kept after it was last written: upstream's --event-ttl. */
const lifetime = 60 * 60 * 1000;
/** How often is looked at most, and how many go in one commit. */
const interval = 60 * 1000;
const batchSize = 500;
const sweep = 'sweep';

/** Deletes events an hour after they were last written, some at a time: one key, and one timer for all of them. */
export const createEventExpiry: CreateController = ({ storage, now }) => {
  /** Storage key → when it goes, in epoch milliseconds. */
  const ends = new Map<string, number>();
  let isPlanned = false;
  return {
    name: 'event expiry',
    keysOf({ key, group, resource, value, isFound }) {
      if (resource !== 'events') return [];
      // COMPAT: releases before this one stored events.k8s.io apart, where nobody finds them any more.
      const isLost = group === 'events.k8s.io';
      if (group !== '' && !isLost) return [];
      if (value === undefined) {
        ends.delete(key);
        return [];
      }
      const written = isFound ? lastWritten(JSON.parse(value) as KubeObject) : now();
      ends.set(key, isLost ? 0 : Math.min(written, now()) + lifetime);
      if (isPlanned) return [];
      isPlanned = true;
      return [sweep];
    },
    async sync() {
      const due = [...ends].filter(([, end]) => end <= now()).map(([key]) => key);
      for (let start = 0; start < due.length; start += batchSize) {
        const entries = await storage.getMany(due.slice(start, start + batchSize));
        const expect: Expectation[] = [];
        const changes: Delete[] = [];
        for (const entry of entries) {
          // Written again meanwhile, it has another hour.
          if (entry === undefined || (ends.get(entry.key) ?? Number.POSITIVE_INFINITY) > now()) continue;
          expect.push({ key: entry.key, revision: entry.revision });
          changes.push({ type: 'delete', key: entry.key });
        }
        if (changes.length > 0) await storage.commit({ expect, changes });
      }
      if (ends.size === 0) {
        isPlanned = false;
        return undefined;
      }
      let next = Number.POSITIVE_INFINITY;
      for (const end of ends.values()) next = Math.min(next, end);
      return Math.max(interval, next - now());
    },
  } satisfies Controller;
};

/** When the server last wrote the event, as far as it says so: epoch milliseconds. What clients write counts for nothing. */
function lastWritten({ metadata }: KubeObject): number {
  const { creationTimestamp = '', managedFields } = metadata;
  const entries: readonly JsonValue[] = Array.isArray(managedFields) ? managedFields : [];
  const times = entries.map((entry) => (isObject(entry) ? printed(entry.time ?? '') : ''));
  return Math.max(0, ...[creationTimestamp, ...times].map((time) => Date.parse(time) || 0));
}
