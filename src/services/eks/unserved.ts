import { actionsMatching } from '../../engine/analysis/catalogue/catalogue.ts';
import { services } from '../../wire/protocols/services.ts';
import type { Operation, Operations } from '../operation.ts';
import type { EksDeps } from './deps.ts';
import { taggingKeys } from './entrykeys.ts';
import { onCluster } from './lookup.ts';

/** How the inputs of operations on a cluster name it. */
interface ClusterInput {
  readonly clusterName?: string;
  readonly name?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/**
 * How the operations of EKS that nobody serves are authorized, where AWS judges them on the cluster: a caller who may
 * not is told so, as on AWS, and a policy can be tried before the feature is there. The others are refused by name.
 */
export function unservedAuthorizations(
  { storage }: Pick<EksDeps, 'storage'>,
  served: Operations,
): Readonly<Record<string, Operation['authorization']>> {
  const names = services.eks.operationNames.filter(
    (name) => !Object.hasOwn(served, name) && isOnCluster(`eks:${name}`),
  );
  return Object.fromEntries(
    names.map((name) => [
      name,
      (input: unknown, context) => {
        const { clusterName, name: ownName = '', tags } = input as ClusterInput;
        return onCluster(`eks:${name}`, storage, context, clusterName ?? ownName, taggingKeys(tags));
      },
    ]),
  );
}

function isOnCluster(action: string): boolean {
  return actionsMatching(action).some(({ resourceTypes: [type] }) => type?.name === 'cluster');
}
