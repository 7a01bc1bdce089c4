import type { ClusterRecord } from '../../storage/records/eks.ts';
import { findCluster, onCluster } from '../eks/lookup.ts';
import { invalidParameter } from '../eks/refusals.ts';
import { atomically } from '../eks/retrying.ts';
import { defineOperation, type Operations } from '../operation.ts';
import type { EntrywayDeps } from './deps.ts';
import { requireConnected } from './requireconnected.ts';

interface AudiencesInput {
  readonly clusterName: string;
  readonly audiences: readonly string[];
}

const mostAudiences = 16;
/** Nothing that moves a cursor or breaks a line: they are printed in findings and in the trail. */
const anAudience = /^[^\p{C}\p{Zl}\p{Zp}]{1,256}$/u;

/**
 * PutClusterAudiences: which audiences the API server of a connected cluster calls its own. The webhook then answers for
 * these alone (`webhooks/audiences.ts`); an empty list takes the setting away.
 */
export function clusterAudienceOperations({ storage }: Pick<EntrywayDeps, 'storage'>): Operations {
  return {
    PutClusterAudiences: defineOperation<AudiencesInput, AudiencesInput>({
      authorization: ({ clusterName }, context) =>
        onCluster('entryway:PutClusterAudiences', storage, context, clusterName),
      async handle({ clusterName, audiences: given }, context) {
        const audiences = checkAudiences(given, clusterName);
        return await atomically(async () => {
          const { key, unchanged, record } = await findCluster(storage, context, clusterName);
          const { apiAudiences: _before, ...rest } = requireConnected(record, 'have audiences');
          const changed: ClusterRecord = audiences.length === 0 ? rest : { ...rest, apiAudiences: audiences };
          return await context.commit(
            { expect: [unchanged], changes: [{ type: 'put', key, value: JSON.stringify(changed) }] },
            { clusterName, audiences },
          );
        });
      },
    }),
  };
}

function checkAudiences(given: readonly string[], clusterName: string): readonly string[] {
  if (given.length > mostAudiences) {
    throw invalidParameter(`There can be at most ${mostAudiences} audiences`, clusterName);
  }
  // What is compared letter by letter must not have a space nobody sees.
  if (!given.every((audience) => anAudience.test(audience) && audience.trim() === audience)) {
    throw invalidParameter(
      'An audience must have 1 to 256 printable characters, without space at its ends',
      clusterName,
    );
  }
  return [...new Set(given)];
}
