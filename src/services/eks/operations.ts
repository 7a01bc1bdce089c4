import type { Operations } from '../operation.ts';
import { accessEntryOperations } from './accessentries.ts';
import { accessPolicyOperations } from './accesspolicies.ts';
import { createClusterQuota } from './clusterquota.ts';
import { clusterOperations } from './clusters.ts';
import { connectedClusterOperations } from './connectedclusters.ts';
import type { EksDeps } from './deps.ts';
import { identityProviderConfigOperations } from './identityproviderconfigs.ts';
import { podIdentityOperations } from './podidentity/associations.ts';
import { withBoundedTokens } from './requesttokens.ts';
import { tagOperations } from './tags.ts';
import { updateOperations } from './updates.ts';

/** Every EKS operation this server implements, by its API name. */
export function createEksOperations(deps: EksDeps): Operations {
  const quota = createClusterQuota(deps.storage);
  return withBoundedTokens({
    ...clusterOperations(deps, quota),
    ...connectedClusterOperations(deps, quota),
    ...updateOperations(deps),
    ...accessEntryOperations(deps),
    ...accessPolicyOperations(deps),
    ...identityProviderConfigOperations(deps),
    ...podIdentityOperations(deps),
    ...tagOperations(deps),
  });
}
