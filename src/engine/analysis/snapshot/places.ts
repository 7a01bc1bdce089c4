import type { RbacObjectRef } from '../../rbac/objects.ts';

/** What stands somewhere in a file, for `Snapshot.places`. */
export type PlacedThing =
  | { readonly thing: 'rbac'; readonly clusterArn: string; readonly ref: RbacObjectRef }
  | { readonly thing: 'accessEntry'; readonly clusterArn: string; readonly principalArn: string }
  | { readonly thing: 'awsAuth'; readonly clusterArn: string }
  | { readonly thing: 'cluster'; readonly clusterArn: string }
  /** A user, role, group or managed policy. */
  | { readonly thing: 'iam'; readonly arn: string };

/** The key of a thing; no two things share one, because the parts that may hold anything stand last or are ARNs. */
export function placeKey(placed: PlacedThing): string {
  switch (placed.thing) {
    case 'rbac': {
      const { kind, namespace, name } = placed.ref;
      return `rbac ${placed.clusterArn} ${kind} ${namespace} ${name}`;
    }
    case 'accessEntry':
      return `accessEntry ${placed.clusterArn} ${placed.principalArn}`;
    case 'awsAuth':
    case 'cluster':
      return `${placed.thing} ${placed.clusterArn}`;
    case 'iam':
      return `iam ${placed.arn}`;
    default:
      return placed satisfies never;
  }
}
