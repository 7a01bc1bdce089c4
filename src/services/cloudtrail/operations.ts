import type { DigestPublicKey } from '../../audit/export/digest.ts';
import type { TrailReader } from '../../audit/trail.ts';
import type { PageTokens } from '../../wire/protocols/pagetoken.ts';
import type { Operations } from '../operation.ts';
import { createLookupEvents } from './lookupevents.ts';
import { createListPublicKeys } from './publickeys.ts';

export interface CloudTrailDependencies {
  readonly trail: TrailReader;
  readonly pageTokens: PageTokens;
  /** Of the key that signs exports; none before the first export. */
  readonly publicKeys: () => readonly DigestPublicKey[];
}

/** CloudTrail's event history, and what exports of it are verified with. Trails, event data stores and queries are not offered (docs/compat.md). */
export function createCloudTrailOperations(dependencies: CloudTrailDependencies): Operations {
  return {
    ListPublicKeys: createListPublicKeys(dependencies.publicKeys),
    LookupEvents: createLookupEvents(dependencies),
  };
}
