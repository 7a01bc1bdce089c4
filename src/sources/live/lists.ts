import { asObject, asText, parseObject } from '../../access/json.ts';
import { type createCaller, httpStatusOf } from './fetched.ts';

const pageSize = 500;

interface Page {
  readonly items: readonly object[];
  readonly metadata?: { readonly _continue?: string };
}

/** One page of a list of an API server. */
export type ListPage = (query: { readonly limit?: number; readonly _continue?: string }) => Promise<Page>;

export interface ListTaker {
  readonly add: (items: readonly object[]) => void;
  /**
   * Forgets what was added: the list is read once more, in one piece, where its rest expired between two pages. Without it
   * reading goes on with the rest as it is now, so that no more than a page is ever held.
   */
  readonly startAnew?: () => void;
}

/** Reads all of a list, a page at a time. */
export async function readList(
  list: ListPage,
  ask: ReturnType<typeof createCaller>,
  { add, startAnew }: ListTaker,
): Promise<void> {
  let next: string | undefined;
  do {
    const query = { limit: pageSize, ...(next !== undefined && { _continue: next }) };
    let page: Page;
    try {
      page = await patiently(() => ask(() => list(query)));
    } catch (error) {
      if (next === undefined || httpStatusOf(error) !== 410) throw error;
      if (startAnew === undefined) {
        const rest = restOf(error);
        if (rest === undefined || rest === next) throw error;
        next = rest;
        continue;
      }
      page = await patiently(() => ask(() => list({})));
      startAnew();
    }
    add(page.items);
    next = page.metadata?._continue;
  } while (next !== undefined && next !== '');
}

/** Where an API server goes on with a list that expired: it says so in its refusal (kubernetes-facts E15). */
function restOf(error: unknown): string | undefined {
  const { body } = error as { body?: unknown };
  const status = typeof body === 'string' ? parseObject(body) : asObject(body);
  return asText(asObject(status?.metadata)?.continue);
}

/** Asks again, a few times and ever later, where the API server says that it has too much to do. */
async function patiently<Output>(call: () => Promise<Output>): Promise<Output> {
  for (let wait = 250; ; wait *= 2) {
    try {
      return await call();
    } catch (error) {
      const status = httpStatusOf(error);
      if ((status !== 429 && status !== 503) || wait > 8_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}
