import type { Gap } from '../../engine/analysis/snapshot/snapshot.ts';

/** One answer, in the form in which the AWS CLI or kubectl prints it as JSON: what the readers of files take. */
export interface FetchedDocument {
  /** The command that would print it: `aws eks describe-cluster --name prod`. */
  readonly from: string;
  readonly value: unknown;
}

/** Where what is fetched goes: nothing is lost silently. */
export interface Fetching {
  readonly take: (document: FetchedDocument) => void;
  readonly miss: (gap: Gap) => void;
  /** What is being read, and how many of it are done of how many are known so far. */
  readonly progress: (what: string, done: number, total: number) => void;
}

/** What an SDK answered, as JSON holds it: times as text, no metadata of the call. */
export function asPrinted(output: object): unknown {
  const { $metadata: _, ...members } = output as { readonly $metadata?: unknown };
  return JSON.parse(JSON.stringify(members));
}

/** `AccessDeniedException: User … is not authorized`, `403 Forbidden`, in one line. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The Kubernetes client puts the whole answer, headers included, into its message.
  const [, status, words] =
    /^HTTP-Code: (\d+) ?Message: (.*?) ?Body:/s.exec(error.message.replace(/\s+/g, ' ')) ?? [];
  const text = status === undefined ? `${error.name}: ${error.message}` : `${status} ${words}`;
  return text.replace(/\s+/g, ' ').trim();
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
