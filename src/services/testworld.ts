import type { Storage } from '../storage/storage.ts';
import type { OperationContext } from './operation.ts';

/** For tests: the part of a call's context that is the same for every caller. Writes go to the store, unrecorded. */
export function testContext(
  storage: Pick<Storage, 'commit'>,
): Pick<
  OperationContext,
  'partition' | 'region' | 'requestId' | 'source' | 'commit' | 'judged' | 'vouched' | 'made'
> {
  return {
    partition: 'aws',
    region: 'us-east-1',
    requestId: 'f7c1a1e2-0000-4000-8000-000000000000',
    source: { sourceIp: '192.0.2.1', secureTransport: false, userAgent: 'test' },
    async commit(batch, output) {
      await storage.commit(batch);
      return output;
    },
    judged: () => undefined,
    vouched: () => undefined,
    made: () => undefined,
  };
}
