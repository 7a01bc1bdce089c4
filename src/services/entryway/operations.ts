import type { Operations } from '../operation.ts';
import { accessEntryOperations } from './accessentries.ts';
import { customAccessPolicyOperations } from './accesspolicies.ts';
import { analysisOperations } from './analyses.ts';
import { associationOperations } from './associations.ts';
import { blockOperations } from './blocks.ts';
import { breakGlassOperations } from './breakglass.ts';
import { checkClusterOperations } from './checkcluster.ts';
import { clusterAudienceOperations } from './clusteraudiences.ts';
import { clusterIssuerOperations } from './clusterissuer.ts';
import { connectionOperations } from './connections.ts';
import type { EntrywayDeps } from './deps.ts';
import { explainTokenOperations } from './explaintoken.ts';
import { signingKeyOperations } from './signingkeys.ts';
import { snapshotOperations } from './snapshots.ts';
import { webhookCredentialOperations } from './webhookcredentials.ts';

/** Every operation of ours that is served, by its name in `wire/protocols/entryway.ts`. */
export function createEntrywayOperations(deps: EntrywayDeps): Operations {
  return {
    ...accessEntryOperations(deps),
    ...analysisOperations(deps),
    ...associationOperations(deps),
    ...blockOperations(deps),
    ...breakGlassOperations(deps),
    ...checkClusterOperations(deps),
    ...clusterAudienceOperations(deps),
    ...clusterIssuerOperations(deps),
    ...connectionOperations(deps),
    ...customAccessPolicyOperations(deps),
    ...explainTokenOperations(deps),
    ...signingKeyOperations(deps),
    ...snapshotOperations(deps),
    ...webhookCredentialOperations(deps),
  };
}
