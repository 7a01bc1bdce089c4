import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';
import type { ClusterRef, Fact } from '../files/facts.ts';

/** One answer, in the form in which the AWS CLI or kubectl prints it as JSON: what the readers of files take. */
export interface FetchedDocument {
  /** The command that would print it: `aws eks describe-cluster --name prod`. */
  readonly from: string;
  readonly value: unknown;
}

type Placeless<One> = One extends unknown ? Omit<One, 'place'> : never;

/** Where what is fetched goes: nothing is lost silently. */
export interface Fetching {
  /** The same for what is of one cluster: answers name it, if at all, without saying where it is. */
  readonly of: (cluster: ClusterRef) => Fetching;
  readonly take: (document: FetchedDocument) => void;
  /** What an answer tells only together with its question, such as that a user has no keys. */
  readonly tell: (from: string, fact: Placeless<Fact>) => void;
  /**
   * `attempt` failed, for that one of perhaps many, and what it would have told is not known. One gap stands for all
   * failures of one attempt with one `cause`.
   */
  readonly miss: (missed: Missed) => void;
  /** What is being read, and how many of it are done; of how many, where that is known. */
  readonly progress: (what: string, done: number, total: number | undefined) => void;
}

export interface Missed extends Omit<Gap, 'reason' | 'place'> {
  /** In words: `iam:ListAccessKeys failed`, `clusterroles cannot be listed`. */
  readonly attempt: string;
  /** Of many: ``user `ada` ``. */
  readonly of?: string;
  readonly error: unknown;
  /** What to do about it. */
  readonly hint?: string;
}

/** Gathers what failed: a right that is missing is one gap, and not one for each of ten thousand users. */
export function createMisses(): { readonly miss: Fetching['miss']; readonly gaps: () => readonly Gap[] } {
  const groups = new Map<string, { readonly first: Missed; count: number }>();
  return {
    miss(missed) {
      const { area, accountId, clusterArn, attempt, error } = missed;
      const key = JSON.stringify([area, accountId, clusterArn, attempt, causeOf(error)]);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { first: missed, count: 1 });
      else group.count++;
    },
    gaps: () =>
      [...groups.values()].map(({ first: { attempt, of, error, hint, ...gap }, count }) => {
        const others = count === 1 ? '' : ` and ${count - 1} more`;
        const which = of === undefined ? '' : ` for ${of}${others}`;
        const advice = hint === undefined ? '' : `; ${hint}`;
        return { ...gap, reason: `${attempt}${which}: ${failureText(error)}${advice}` };
      }),
  };
}

/** What an SDK answered, as JSON holds it: times as text, no metadata of the call. */
export function asPrinted(output: object): object {
  const { $metadata: _, ...members } = output as { readonly $metadata?: unknown };
  return JSON.parse(JSON.stringify(members)) as object;
}

/** `AccessDeniedException: User … is not authorized`, `403 Forbidden`, in one line. */
function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const status = httpStatusOf(error);
  // The Kubernetes client puts the whole answer, headers included, into its message.
  if (error.message.startsWith('HTTP-Code:')) {
    const words = statusMessageOf(error) || (statusNames.get(status) ?? '');
    return `${status} ${words}`.trim();
  }
  const { cause } = error;
  // `fetch failed` says nothing; what it was made of does.
  const why = cause instanceof Error ? `: ${cause.message || cause.name}` : '';
  const name = /^(Type)?Error$/.test(error.name) ? '' : `${error.name}: `;
  return `${name}${error.message}${why}`.replace(/\s+/g, ' ').trim().slice(0, 1000);
}

const statusNames: ReadonlyMap<number | undefined, string> = new Map([
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
]);

/** The status with which a service refused; undefined where it was not reached. */
export function httpStatusOf(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, $metadata } = error as { code?: unknown; $metadata?: { httpStatusCode?: unknown } };
  const status = typeof code === 'number' ? code : $metadata?.httpStatusCode;
  return typeof status === 'number' ? status : undefined;
}

/** `message` of the Status that an API server answers with. */
function statusMessageOf(error: Error): string {
  const { body } = error as { body?: unknown };
  try {
    const status: unknown = typeof body === 'string' ? JSON.parse(body) : body;
    const { message } = status as { message?: unknown };
    if (typeof message === 'string') return message.replace(/\s+/g, ' ').slice(0, 1000);
  } catch {
    // Something between here and the API server answered: its status says it all.
  }
  return '';
}

/** What failures have in common that are one fault. */
function causeOf(error: unknown): string {
  return error instanceof Error ? `${error.name} ${httpStatusOf(error)}` : '';
}

/** Does the work for every item, a few at a time. A failure of one is that one's own: `work` tells it. */
export async function eachOf<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const worker = async (): Promise<void> => {
    for (const item of left) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
}

/**
 * Asks one service until it is not there any more: then every further call fails at once with what the first failed with,
 * because each would be tried again and again for seconds, and there may be thousands.
 */
export function createCaller(): <Output>(call: () => Promise<Output>) => Promise<Output> {
  let gone: unknown;
  return async (call) => {
    if (gone !== undefined) throw gone;
    try {
      return await call();
    } catch (error) {
      if (httpStatusOf(error) === undefined) gone = error;
      throw error;
    }
  };
}
