import type { TrailReader } from '../../audit/trail.ts';
import type { PageTokens } from '../../wire/protocols/pagetoken.ts';
import type { Operations } from '../operation.ts';
import { createLookupEvents } from './lookupevents.ts';

export interface CloudTrailDependencies {
  readonly trail: TrailReader;
  readonly pageTokens: PageTokens;
}

/** CloudTrail's event history. Trails, event data stores and queries are not offered (docs/compat.md). */
export function createCloudTrailOperations(dependencies: CloudTrailDependencies): Operations {
  return { LookupEvents: createLookupEvents(dependencies) };
}
