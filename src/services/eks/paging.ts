import type { PageTokens } from '../../wire/protocols/pagetoken.ts';
import type { OperationContext } from '../operation.ts';
import { invalidParameter } from './refusals.ts';

const MAX_PAGE = 100;

export interface PageRequest {
  readonly maxResults?: number | undefined;
  readonly nextToken?: string | undefined;
}

/** One page of a list, read from the request: how many, and after which item. */
export interface PageBounds {
  readonly limit: number;
  /** What `nextTokenAfter` was given for the page before; undefined for the first page. */
  readonly after: string | undefined;
  /** The token that continues after the item at `position`. */
  nextTokenAfter(position: string): string;
}

/**
 * Reads `maxResults` (1-100, default 100; eks-access-facts A11) and `nextToken`. `list` names the list with all that
 * chose its members; a token answers only the caller's account, region and list it was made for.
 */
export function readPage(
  tokens: PageTokens,
  context: OperationContext,
  list: readonly string[],
  request: PageRequest,
): PageBounds {
  const limit = request.maxResults ?? MAX_PAGE;
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw invalidParameter(`maxResults must be between 1 and ${MAX_PAGE}`);
  }
  const scope = JSON.stringify(['eks', context.caller.accountId, context.region, ...list]);
  let after: string | undefined;
  if (request.nextToken !== undefined) {
    after = tokens.open(scope, request.nextToken);
    if (after === undefined) throw invalidParameter('The nextToken parameter is not valid');
  }
  return { limit, after, nextTokenAfter: (position) => tokens.seal(scope, position) };
}

/** A page of a list that is already in memory, ordered by `positionOf`. */
export function pageOf<Item>(
  items: readonly Item[],
  positionOf: (item: Item) => string,
  bounds: PageBounds,
): { readonly items: readonly Item[]; readonly nextToken: string | undefined } {
  const { after } = bounds;
  const rest = after === undefined ? items : items.filter((item) => positionOf(item) > after);
  const page = rest.slice(0, bounds.limit);
  const last = page.at(-1);
  return {
    items: page,
    nextToken:
      last !== undefined && rest.length > page.length ? bounds.nextTokenAfter(positionOf(last)) : undefined,
  };
}
