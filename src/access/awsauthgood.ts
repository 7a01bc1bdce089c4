import type { AwsAuthGoodRecord } from '../storage/records/connections.ts';
import { awsAuthGoodKey } from '../storage/records/keys.ts';
import type { Storage } from '../storage/storage.ts';
import { awsAuthKeys } from './awsauth.ts';
import { asText, parseObject } from './json.ts';

/** Where mode `strict` keeps what it serves beside a bad aws-auth, for the next process. */
export interface AwsAuthGood {
  load(clusterId: string): Promise<AwsAuthGoodRecord | undefined>;
  /**
   * Stores the record, or takes it away; of several in a row the last one counts. Returns at once: what is served does
   * not wait for it. What is stored already is not written again.
   */
  save(clusterId: string, record: AwsAuthGoodRecord | undefined): void;
}

/** `failed` is told that the next process would not know what this one keeps. */
export function createAwsAuthGood(
  storage: Pick<Storage, 'get' | 'commit'>,
  failed: (key: string) => void,
): AwsAuthGood {
  /** What is to be stored; undefined is nothing. */
  const wanted = new Map<string, string | undefined>();
  const stored = new Map<string, string>();
  const writing = new Set<string>();

  const write = async (clusterId: string): Promise<void> => {
    // Of several in one turn only the last is written.
    await Promise.resolve();
    while (wanted.has(clusterId)) {
      const value = wanted.get(clusterId);
      wanted.delete(clusterId);
      if (value !== stored.get(clusterId)) await store(clusterId, value);
    }
    writing.delete(clusterId);
  };
  const store = async (clusterId: string, value: string | undefined): Promise<void> => {
    const key = awsAuthGoodKey(clusterId);
    try {
      // Of a cluster that is deleted meanwhile it may stay behind, until the next start sweeps it.
      await storage.commit({
        changes: [value === undefined ? { type: 'delete', key } : { type: 'put', key, value }],
      });
      if (value === undefined) stored.delete(clusterId);
      else stored.set(clusterId, value);
    } catch {
      failed(key);
    }
  };

  return {
    async load(clusterId) {
      const entry = await storage.get(awsAuthGoodKey(clusterId));
      if (entry === undefined) return undefined;
      stored.set(clusterId, entry.value);
      return parseRecord(entry.value);
    },
    save(clusterId, record) {
      wanted.set(clusterId, record && JSON.stringify(record));
      if (writing.has(clusterId)) return;
      writing.add(clusterId);
      void write(clusterId);
    },
  };
}

/** Undefined where anything in it is not what was written. */
function parseRecord(text: string): AwsAuthGoodRecord | undefined {
  const record = parseObject(text);
  const isSound =
    typeof record?.revision === 'number' &&
    awsAuthKeys.every((key) => record?.[key] === undefined || asText(record[key]) !== undefined);
  return isSound ? (record as unknown as AwsAuthGoodRecord) : undefined;
}
