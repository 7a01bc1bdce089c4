import { type PolicyRule, withoutFinalStars } from '../../rbac/rules.ts';

/**
 * The smallest part of a rule: one verb of one resource (of one object, or of any), or of one path. A star is any value, as
 * in a rule; a star before the slash of `scale` and the like is that subresource of any; a path's final star is whatever follows.
 */
export type Piece =
  | {
      readonly verb: string;
      readonly group: string;
      /** `resource` or `resource/subresource`. */
      readonly resource: string;
      /** Undefined: any object, and requests that name none. */
      readonly name: string | undefined;
    }
  | { readonly verb: string; readonly path: string };

/** Rules of more pieces than this are no rules anybody reads, and taking them apart would fill the memory. */
const maximumPieces = 200_000;

/** Undefined where there are too many. */
export function piecesOf(rules: readonly PolicyRule[]): readonly Piece[] | undefined {
  if (rules.reduce((sum, rule) => sum + countOf(rule), 0) > maximumPieces) return undefined;
  const pieces = new Map<string, Piece>();
  const add = (piece: Piece): void => void pieces.set(keyOf(piece), piece);
  for (const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } of rules) {
    // A request without a name is never one for the object named '' (kubernetes-facts B3).
    const names = resourceNames.length === 0 ? [undefined] : resourceNames.filter((name) => name !== '');
    for (const verb of verbs) {
      for (const group of apiGroups) {
        for (const resource of resources) for (const name of names) add({ verb, group, resource, name });
      }
      for (const url of nonResourceURLs) {
        add({ verb, path: url.endsWith('*') ? `${withoutFinalStars(url)}*` : url });
      }
    }
  }
  return [...pieces.values()];
}

function countOf({ verbs, apiGroups, resources, resourceNames, nonResourceURLs }: PolicyRule): number {
  const objects = apiGroups.length * resources.length * Math.max(1, resourceNames.length);
  return verbs.length * (objects + nonResourceURLs.length);
}

function keyOf(piece: Piece): string {
  return 'path' in piece
    ? JSON.stringify([piece.verb, piece.path])
    : JSON.stringify([piece.verb, piece.group, piece.resource, piece.name ?? null]);
}

/** Pieces that can be asked what they cover. */
export interface PieceIndex {
  /** A piece that covers this one and is another; undefined where none is. */
  coverer(piece: Piece): Piece | undefined;
  covers(piece: Piece): boolean;
}

/** The cost of a question depends on the piece alone, not on how many there are. */
export function indexPieces(pieces: readonly Piece[]): PieceIndex {
  const byKey = new Map(pieces.map((piece) => [keyOf(piece), piece]));
  const prefixLengths = new Set<number>();
  for (const piece of pieces) {
    if ('path' in piece && piece.path.endsWith('*')) prefixLengths.add(piece.path.length - 1);
  }
  const coverer = (piece: Piece): Piece | undefined => {
    const own = keyOf(piece);
    for (const wider of wideningsOf(piece, prefixLengths)) {
      const key = keyOf(wider);
      const found = key === own ? undefined : byKey.get(key);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return { coverer, covers: (piece) => byKey.has(keyOf(piece)) || coverer(piece) !== undefined };
}

/** Every piece that would cover this one. */
function* wideningsOf(piece: Piece, prefixLengths: ReadonlySet<number>): Generator<Piece> {
  const verbs = [piece.verb, '*'];
  if ('path' in piece) {
    const isPrefix = piece.path.endsWith('*');
    const text = isPrefix ? piece.path.slice(0, -1) : piece.path;
    for (const verb of verbs) {
      yield { verb, path: piece.path };
      for (const length of prefixLengths) {
        if (length <= text.length) yield { verb, path: `${text.slice(0, length)}*` };
      }
    }
    return;
  }
  const { group, resource, name } = piece;
  const subresource = subresourceOf(resource);
  const resources = [resource, '*', ...(subresource === undefined ? [] : [`*/${subresource}`])];
  for (const verb of verbs) {
    for (const wideGroup of [group, '*']) {
      for (const wide of resources) {
        yield { verb, group: wideGroup, resource: wide, name };
        if (name !== undefined) yield { verb, group: wideGroup, resource: wide, name: undefined };
      }
    }
  }
}

/** Undefined without one, and where two slashes leave open which part it is: no such resource exists. */
function subresourceOf(resource: string): string | undefined {
  return /^[^/]*\/([^/]*)$/.exec(resource)?.[1];
}

/**
 * The pieces that no other covers.
 *
 * INVARIANT: there is exactly one such set for what the pieces allow together, so that equal permissions become equal rules.
 * A piece that several others cover together is covered by one of them: each star of it stands for more values than any list.
 */
export function widest(pieces: readonly Piece[]): readonly Piece[] {
  const { coverer } = indexPieces(pieces);
  return pieces.filter((piece) => coverer(piece) === undefined);
}

/** What both allow; undefined for nothing. */
export function intersection(one: Piece, other: Piece): Piece | undefined {
  const verb = narrower(one.verb, other.verb);
  if (verb === undefined) return undefined;
  if ('path' in one || 'path' in other) {
    const path = 'path' in one && 'path' in other ? narrowerPath(one.path, other.path) : undefined;
    return path === undefined ? undefined : { verb, path };
  }
  const group = narrower(one.group, other.group);
  const resource = narrowerResource(one.resource, other.resource);
  if (group === undefined || resource === undefined) return undefined;
  if (one.name !== undefined && other.name !== undefined && one.name !== other.name) return undefined;
  return { verb, group, resource, name: one.name ?? other.name };
}

function narrower(one: string, other: string): string | undefined {
  if (one === other || other === '*') return one;
  return one === '*' ? other : undefined;
}

function narrowerResource(one: string, other: string): string | undefined {
  const isOfAny = (wide: string, narrow: string): boolean =>
    wide.startsWith('*/') && subresourceOf(narrow) === subresourceOf(wide);
  if (isOfAny(other, one)) return one;
  return isOfAny(one, other) ? other : narrower(one, other);
}

function narrowerPath(one: string, other: string): string | undefined {
  if (one === other) return one;
  if (other.endsWith('*') && one.startsWith(other.slice(0, -1))) return one;
  return one.endsWith('*') && other.startsWith(one.slice(0, -1)) ? other : undefined;
}
