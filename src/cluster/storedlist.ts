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
): Generator<string> {
  const empty = JSON.stringify(form.envelope([]));
  let piece = empty.slice(0, -2);
  let separator = '';
  const add = (text: string): void => {
    piece += separator + text;
    separator = ',';
  };
  for (let at = 0; at < entries.length; ) {
    if (form.isWhole && view === undefined) {
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

/** The last member of a list: its items or rows. */
function elementsOf(list: JsonObject): readonly unknown[] {
  const last = Object.values(list).at(-1);
  return Array.isArray(last) ? last : [];
}

/** What is one piece as its text, to be sent with its length; otherwise the pieces, the first of them made. */
export function textOrPieces(pieces: Iterable<string>): string | Iterable<string> {
  const iterator = pieces[Symbol.iterator]();
  const first = iterator.next();
  if (first.done) return '';
  const second = iterator.next();
  return second.done ? first.value : following([first.value, second.value], iterator);
}

function* following(first: readonly string[], rest: Iterator<string>): Generator<string> {
  yield* first;
  for (let next = rest.next(); !next.done; next = rest.next()) yield next.value;
}
