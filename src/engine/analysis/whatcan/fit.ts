import type { ClusterWorld } from '../world/cluster.ts';
import type { ClusterSubject } from '../world/subject.ts';
import { closestPolicy, type KnownResource, type PolicyFit } from './closest.ts';
import { type CustomPolicies, customPoliciesFor } from './custompolicies.ts';
import { permissionsOf } from './permissions.ts';

/** Which access policies would give a subject what it has of its own. */
export interface Fit {
  /** Undefined: it has nothing of its own. */
  readonly closestPolicy: PolicyFit | undefined;
  readonly customPolicies: CustomPolicies;
}

/** Of a role that can be several users, of all of them together. `universe` is what Kubernetes serves. */
export function fitOf(
  cluster: ClusterWorld,
  partition: string,
  subject: ClusterSubject,
  universe: readonly KnownResource[],
): Fit {
  const { identities } = cluster.identitiesOf(subject);
  const own = permissionsOf(cluster, identities, { of: 'own' });
  const shared = permissionsOf(cluster, identities, { of: 'everybodys' });
  return {
    closestPolicy: closestPolicy(own, { shared, partition, universe }),
    customPolicies: customPoliciesFor(own, subject, {
      universe,
      authenticationMode: cluster.cluster.authenticationMode,
    }),
  };
}
