/** An informer of the stock library that is started again whenever it fails, and what it has said so far. */
import {
  type KubeConfig,
  type KubernetesListObject,
  type KubernetesObject,
  makeInformer,
} from '@kubernetes/client-node';

export interface Observer<Item extends KubernetesObject> {
  get(name: string, namespace: string): Item | undefined;
  list(): readonly Item[];
  /** Resource versions of every object that an event has shown. */
  readonly seen: ReadonlySet<string>;
  readonly events: number;
  /** How often it had to list, the first time included. */
  readonly lists: number;
  readonly failures: number;
  /** What an informer must never do: an object that changes before it is there, or goes back in time. */
  readonly problems: readonly string[];
  /** Lets go of the server until `resume`. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

export async function observe<Item extends KubernetesObject>(
  config: KubeConfig,
  path: string,
  list: () => Promise<KubernetesListObject<Item>>,
  options: { readonly labelSelector?: string; readonly onChange?: (item: Item) => void } = {},
): Promise<Observer<Item>> {
  const seen = new Set<string>();
  const versions = new Map<string, number>();
  const problems: string[] = [];
  const figures = { events: 0, lists: 0, failures: 0 };
  let isWanted = true;
  const counted = async (): Promise<KubernetesListObject<Item>> => {
    figures.lists += 1;
    return list();
  };
  const informer = makeInformer<Item>(config, path, counted, options.labelSelector);

  const note = (event: 'add' | 'update' | 'delete') => (item: Item) => {
    const { name = '', namespace = '', uid = '', resourceVersion = '' } = item.metadata ?? {};
    const key = `${namespace}/${name}`;
    const before = versions.get(key);
    const version = Number(resourceVersion);
    figures.events += 1;
    seen.add(resourceVersion);
    if ((event === 'add') === (before !== undefined))
      problems.push(`${event} of ${key} (${uid}) at ${version}, known at ${before}`);
    if (before !== undefined && version < before)
      problems.push(`${event} of ${key} goes back from ${before} to ${version}`);
    if (event === 'delete') versions.delete(key);
    else versions.set(key, version);
    options.onChange?.(item);
  };
  for (const event of ['add', 'update', 'delete'] as const) informer.on(event, note(event));
  // The library's own advice: start again after an error, after a pause.
  informer.on('error', () => {
    figures.failures += 1;
    if (isWanted) setTimeout(() => isWanted && informer.start().catch(() => undefined), 20);
  });
  await informer.start();
  return {
    get: (name, namespace) => informer.get(name, namespace),
    list: () => informer.list(),
    seen,
    problems,
    get events() {
      return figures.events;
    },
    get lists() {
      return figures.lists;
    },
    get failures() {
      return figures.failures;
    },
    async pause() {
      isWanted = false;
      await informer.stop();
    },
    async resume() {
      isWanted = true;
      await informer.start();
    },
    async stop() {
      isWanted = false;
      await informer.stop();
    },
  };
}
