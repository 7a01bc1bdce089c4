import { at, isObject, own } from '../../wire/kube/json.ts';
import { type ClusterApi, ClusterApiError } from './clusterapi.ts';
import type { FollowedKind } from './kinds.ts';
import { mirroredObject } from './mirrored.ts';

/** Everything of a kind at one moment. */
export interface Listing {
  /** Value by place (`NAMESPACE/NAME`). */
  readonly objects: ReadonlyMap<string, string>;
  /** Places of objects that could not be used; `?` stands for those whose place could not be either. */
  readonly skipped: ReadonlySet<string>;
  /** From where to watch. */
  readonly resourceVersion: string;
}

export interface ListLimits {
  /** Objects of one page. */
  readonly page: number;
  /** Objects of one list: so many that no cluster has more to follow. */
  readonly objects: number;
  /** Characters of what is kept of them. */
  readonly characters: number;
}

export const defaultListLimits: ListLimits = { page: 500, objects: 50_000, characters: 32 * 1024 * 1024 };

/**
 * Lists a kind page by page. All of it or nothing: a page that fails, or that no Kubernetes API would give, rejects with
 * `ClusterApiError`, so that what is missing from an answer is never taken for deleted.
 *
 * SECURITY: an API may go on with large pages for as long as it likes, and what is listed is held until the end of the
 * list: without a bound on it one cluster could take the memory of all.
 */
export async function listKind(
  api: Pick<ClusterApi, 'get'>,
  kind: FollowedKind,
  signal: AbortSignal,
  limits: ListLimits = defaultListLimits,
): Promise<Listing> {
  const { resource } = kind.definition;
  const objects = new Map<string, string>();
  let seen = 0;
  let characters = 0;
  const skipped = new Set<string>();
  let limit = limits.page;
  let next: string | undefined;
  for (;;) {
    const query = { ...kind.query, limit: String(limit), ...(next !== undefined && { continue: next }) };
    let page: Page;
    try {
      page = readPage(kind, (await api.get(kind.path, query, signal)).body);
    } catch (error) {
      // Large objects: fewer at once, until one alone is too much.
      if (!(error instanceof ClusterApiError) || error.code !== 'tooLarge' || limit === 1) throw error;
      limit = Math.ceil(limit / 10);
      continue;
    }
    seen += page.items.length;
    if (seen > limits.objects) {
      throw new ClusterApiError('tooLarge', `there are more than ${limits.objects} ${resource}`);
    }
    for (const item of page.items) {
      const mirrored = mirroredObject(kind, item);
      if (mirrored.is === 'foreign') {
        // Of the one kind of which a single object counts, others are not ours to look at.
        if (kind.only === undefined) skipped.add('?');
      } else if (mirrored.value === undefined) skipped.add(mirrored.place);
      else {
        characters += mirrored.value.length;
        objects.set(mirrored.place, mirrored.value);
      }
    }
    if (characters > limits.characters) {
      throw new ClusterApiError(
        'tooLarge',
        `there are more than ${limits.characters} characters of ${resource}`,
      );
    }
    if (page.next === undefined) return { objects, skipped, resourceVersion: page.resourceVersion };
    if (page.next === next) throw notAList(kind);
    next = page.next;
  }
}

interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  readonly next: string | undefined;
}

function readPage(kind: FollowedKind, body: unknown): Page {
  const items = own(body, 'items');
  const resourceVersion = resourceVersionOf(body);
  const next = at(body, 'metadata', 'continue') ?? '';
  if (!isObject(body) || body.kind !== `${kind.definition.kind}List` || typeof next !== 'string') {
    throw notAList(kind);
  }
  // Go writes an empty list as null where nobody made one.
  if ((items !== null && !Array.isArray(items)) || resourceVersion === undefined) throw notAList(kind);
  return { items: items ?? [], resourceVersion, next: next === '' ? undefined : next };
}

/** Opaque; of a length that every API server keeps to by far. */
export function resourceVersionOf(object: unknown): string | undefined {
  const version = at(object, 'metadata', 'resourceVersion');
  return typeof version === 'string' && version !== '' && version.length <= 256 ? version : undefined;
}

function notAList(kind: FollowedKind): ClusterApiError {
  return new ClusterApiError('unexpected', `the API answers no list of ${kind.definition.resource}`);
}
