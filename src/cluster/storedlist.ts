import type { StoredEntry } from '../storage/storage.ts';
import type { JsonObject } from '../wire/kube/json.ts';
import type { Answer } from './context.ts';
import type { KubeObject } from './objects/object.ts';
import { readObject } from './objects/store.ts';
import { storedText } from './objects/storedtext.ts';

type View = Extract<Answer, { kind: 'storedList' }>['view'];

/** A stored object as the reader sees it. */
export function storedObject(entry: StoredEntry, view: View): KubeObject {
  const object = readObject(entry);
  return view === undefined ? object : view(object);
}

/** Characters of one piece: what is made before others have a turn. */
const pieceLength = 64 * 1024;
/** Objects of one piece, where each has to be read. */
const pieceObjects = 50;

/**
 * The JSON of a list in pieces, each made when it is asked for. `envelope` is the list around some objects, its members
 * last an array with one element for each; with `isWhole` these are the objects themselves, and where they are shown as
 * they are stored, their text is taken as it is.
 */
export function* listPieces(
  { entries, view }: Pick<Extract<Answer, { kind: 'storedList' }>, 'entries' | 'view'>,
  form: { readonly envelope: (items: readonly KubeObject[]) => JsonObject; readonly isWhole: boolean },
): Generator<string | Buffer> {
  const empty = JSON.stringify(form.envelope([]));
  const isText = form.isWhole && view === undefined;
  if (isText && entries.length > pieceObjects) {
    yield empty.slice(0, -2);
    yield* textPieces(entries);
    yield ']}\n';
    return;
  }
  let piece = empty.slice(0, -2);
  let separator = '';
  const add = (text: string): void => {
    piece += separator + text;
    separator = ',';
  };
  for (let at = 0; at < entries.length; ) {
    if (isText) {
      add(storedText(entries[at] as StoredEntry));
      at += 1;
    } else {
      const some = entries.slice(at, at + pieceObjects);
      const rows = elementsOf(form.envelope(some.map((entry) => storedObject(entry, view))));
      if (rows.length > 0) add(JSON.stringify(rows).slice(1, -1));
      at += some.length;
    }
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}]}\n`;
}

/** Arrays that were sent before: somebody else will send them, too, while nothing changes. */
const sentBefore = new WeakSet<readonly StoredEntry[]>();
/** Their pieces, as long as the array itself is held. */
const sharedPieces = new WeakMap<readonly StoredEntry[], Buffer[]>();
/** Pieces of one array that are kept. */
const maximumShared = 16 * 1024 * 1024;

/**
 * The texts of entries, with commas between them. When a thousand clients list the same at once, each piece is made and
 * held once for all of them.
 */
function* textPieces(entries: readonly StoredEntry[]): Generator<Buffer> {
  const isShared = sentBefore.has(entries);
  sentBefore.add(entries);
  const kept = isShared ? (sharedPieces.get(entries) ?? []) : [];
  if (isShared) sharedPieces.set(entries, kept);
  let bytes = 0;
  let at = 0;
  for (let index = 0; at < entries.length; index += 1) {
    const known = kept[index];
    const begin = at;
    let length = 0;
    while (at < entries.length && length < pieceLength) length += (entries[at++] as StoredEntry).value.length;
    const piece =
      known ?? Buffer.from((begin > 0 ? ',' : '') + entries.slice(begin, at).map(storedText).join(','));
    bytes += piece.length;
    if (isShared && known === undefined && bytes <= maximumShared) kept[index] = piece;
    yield piece;
  }
}

/** The last member of a list: its items or rows. */
function elementsOf(list: JsonObject): readonly unknown[] {
  const last = Object.values(list).at(-1);
  return Array.isArray(last) ? last : [];
}

/** What is one piece as its text, to be sent with its length; otherwise the pieces, the first of them made. */
export function textOrPieces(pieces: Iterable<string | Buffer>): string | Buffer | Iterable<string | Buffer> {
  const iterator = pieces[Symbol.iterator]();
  const first = iterator.next();
  if (first.done) return '';
  const second = iterator.next();
  return second.done ? first.value : following([first.value, second.value], iterator);
}

function* following<Piece>(first: readonly Piece[], rest: Iterator<Piece>): Generator<Piece> {
  yield* first;
  for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
}
