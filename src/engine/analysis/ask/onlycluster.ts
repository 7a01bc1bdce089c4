import type { ClusterWorld } from '../world/cluster.ts';
import type { World } from '../world/world.ts';
import { Misasked } from './misasked.ts';

/** The one cluster a question is about. */
export function onlyCluster({ clusters }: Pick<World, 'clusters'>): ClusterWorld {
  const [cluster, ...others] = clusters;
  if (cluster === undefined) {
    throw noCluster();
  }
  if (others.length > 0) {
    const names = clusters.map(({ cluster: { name } }) => `\`${name}\``).join(', ');
    throw new Misasked('several clusters were read', `choose one with --cluster: ${names}`);
  }
  return cluster;
}

/** What every question about clusters says where none was read. */
export function noCluster(): Misasked {
  return new Misasked(
    'there is no cluster in what was read',
    'name a source that has one: --from PATH, or --live',
  );
}
