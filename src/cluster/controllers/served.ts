import type { ServedResources } from '../resources/served.ts';
import type { CreateController } from './controller.ts';

/** A controller that works only when it is known what the cluster serves: a change may come before anybody asked. */
export function onceServed(create: CreateController, load: ServedResources['load']): CreateController {
  return (context, clusterId) => {
    const controller = create(context, clusterId);
    return {
      ...controller,
      async sync(key, cluster) {
        await load(cluster.cluster);
        return controller.sync(key, cluster);
      },
    };
  };
}
