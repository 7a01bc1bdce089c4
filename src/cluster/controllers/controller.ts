import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ClusterAccess } from '../../access/access.ts';
import { objectsPrefix } from '../../storage/records/keys.ts';
import type { ApiContext } from '../context.ts';
import { createWorkQueue, type WorkQueue } from './workqueue.ts';

/** What a controller may use. Its writes are no requests: they are not recorded. */
export type ControllerContext = Pick<
  ApiContext,
  'storage' | 'access' | 'now' | 'random' | 'served' | 'log' | 'caPem'
>;

/** A change of one object of a built-in cluster, or an object found when a cluster begins to be served. */
export interface ObjectChange {
  /** The key in the store. */
  readonly key: string;
  readonly group: string;
  readonly resource: string;
  /** '' at cluster scope. */
  readonly namespace: string;
  readonly name: string;
  /** The stored JSON; undefined when the object was deleted. */
  readonly value: string | undefined;
  /** The JSON before; undefined when the object is new, or was found. */
  readonly previous: string | undefined;
  /** Not a change: the object was there when the cluster began to be served. */
  readonly isFound: boolean;
}

/**
 * Something that brings one cluster to where it should be. It is told of every object once when the cluster begins to be
 * served and of every change from then on, and works on keys of its own choosing.
 */
export interface Controller {
  /** For the log. */
  readonly name: string;
  /** How many keys are worked on at once, never the same one twice; 1 when not given. */
  readonly workers?: number;
  /**
   * The work a change gives, perhaps none. Called inside the commit, for every write of every object: look at resource and
   * name first, and parse only what has to be parsed. It may keep an index up to date; it must not throw.
   */
  keysOf(change: ObjectChange): Iterable<string>;
  /**
   * Does what is to be done for a key, from what is stored now: it may be called at any time, again and for nothing. Answers
   * in how many milliseconds the key is due again, if so. Writes must expect the revisions they rest on; a
   * RevisionConflictError thrown here runs the key again.
   */
  sync(key: string, cluster: ClusterAccess): Promise<number | undefined>;
}

export type CreateController = (context: ControllerContext, clusterId: string) => Controller;

export interface Controllers {
  /** Looks at everything a cluster holds; resolves when the work is queued. Later calls do nothing. */
  start(clusterId: string): Promise<void>;
  /** Resolves when no controller has anything to do now. Work that is due later does not count. */
  idle(): Promise<void>;
  /** Stops; a step under way may still end. What is not done is found again at the next start. */
  close(): void;
}

interface ClusterControl {
  readonly controllers: readonly { readonly controller: Controller; readonly queue: WorkQueue }[];
  /** Keys changed while the first look is under way: what it read of them is old. Undefined when it is over. */
  touched: Set<string> | undefined;
  started: Promise<void> | undefined;
}

/** Objects read at once on the first look, between which requests get a turn. */
const pageSize = 200;
const prefix = 'object/';

/**
 * Runs controllers for every built-in cluster. A cluster is looked at when `start` is called or when the first change of
 * one of its objects comes, and forgotten when it is gone. The objects of a connected cluster are not ours to change.
 */
export function createControllers(
  context: ControllerContext,
  create: readonly CreateController[],
): Controllers {
  const { storage, access, log } = context;
  const controlled = new Map<string, ClusterControl>();
  let isClosed = false;
  let waiters: (() => void)[] = [];

  const isIdle = (): boolean =>
    [...controlled.values()].every(
      ({ touched, controllers }) => touched === undefined && controllers.every(({ queue }) => queue.isIdle),
    );
  const settled = (): void => {
    if (waiters.length === 0 || !isIdle()) return;
    const told = waiters;
    waiters = [];
    for (const waiter of told) waiter();
  };
  const builtIn = (clusterId: string): ClusterAccess | undefined => {
    const found = access.cluster(clusterId);
    return found?.cluster.kind === 'builtIn' ? found : undefined;
  };
  const forget = (clusterId: string): void => {
    for (const { queue } of controlled.get(clusterId)?.controllers ?? []) queue.close();
    controlled.delete(clusterId);
    settled();
  };

  const createControl = (clusterId: string): ClusterControl => ({
    touched: new Set(),
    started: undefined,
    controllers: create.map((make) => {
      const controller = make(context, clusterId);
      const queue = createWorkQueue({
        workers: controller.workers ?? 1,
        async work(key) {
          const cluster = builtIn(clusterId);
          if (cluster !== undefined) return controller.sync(key, cluster);
          forget(clusterId);
          return undefined;
        },
        failed(key, err, attempt) {
          const fields = { err, clusterId, controller: controller.name, key, attempt };
          log.warn(fields, 'a controller failed and will try again');
        },
        settled,
      });
      return { controller, queue };
    }),
  });
  const offer = (control: ClusterControl, change: ObjectChange): void => {
    for (const { controller, queue } of control.controllers) {
      try {
        for (const key of controller.keysOf(change)) queue.add(key);
      } catch (err) {
        // One object that cannot be read must not keep the others, or who commits, from going on.
        log.error(
          { err, controller: controller.name, key: change.key },
          'a controller could not read a change',
        );
      }
    }
  };
  const look = async (clusterId: string, control: ClusterControl): Promise<void> => {
    let after = objectsPrefix(clusterId);
    for (let more = true; more; ) {
      const page = await storage.list({ prefix: objectsPrefix(clusterId), after, limit: pageSize });
      if (isClosed || controlled.get(clusterId) !== control) return;
      for (const { key, value } of page.entries) {
        after = key;
        if (control.touched?.has(key)) continue;
        offer(control, { ...objectAddress(key), key, value, previous: undefined, isFound: true });
      }
      more = page.more;
      await nextTurn();
      if (isClosed || controlled.get(clusterId) !== control) return;
    }
    control.touched = undefined;
    for (const { queue } of control.controllers) queue.begin();
    settled();
  };
  const start = (clusterId: string): ClusterControl => {
    const known = controlled.get(clusterId);
    if (known !== undefined) return known;
    const control = createControl(clusterId);
    controlled.set(clusterId, control);
    control.started = look(clusterId, control).catch((error: unknown) => {
      // The next change, or the next start, looks again.
      if (controlled.get(clusterId) === control) forget(clusterId);
      if (!isClosed) throw error;
    });
    return control;
  };

  const watch = storage.watch({ prefix }, (changes) => {
    for (const change of changes) {
      const clusterId = change.key.slice(prefix.length, change.key.indexOf('/', prefix.length));
      if (builtIn(clusterId) === undefined) {
        if (controlled.has(clusterId)) forget(clusterId);
        continue;
      }
      const isNew = !controlled.has(clusterId);
      const control = start(clusterId);
      if (isNew) {
        control.started?.catch((err: unknown) =>
          log.warn({ err, clusterId }, 'the controllers of a cluster could not begin'),
        );
      }
      control.touched?.add(change.key);
      const { key, value, previous } = change;
      offer(control, { ...objectAddress(key), key, value, previous: previous?.value, isFound: false });
    }
  });

  return {
    async start(clusterId) {
      if (!isClosed && builtIn(clusterId) !== undefined) await start(clusterId).started;
    },
    idle: () =>
      new Promise((resolve) => {
        waiters.push(resolve);
        settled();
      }),
    close() {
      isClosed = true;
      watch.close();
      for (const clusterId of [...controlled.keys()]) forget(clusterId);
    },
  };
}

/** What the key of a stored object says: the inverse of `objectKey`. */
export function objectAddress(key: string): Pick<ObjectChange, 'group' | 'resource' | 'namespace' | 'name'> {
  const [, , group = '', resource = '', namespace = '', ...name] = key.split('/');
  return { group, resource, namespace, name: name.join('/') };
}
