import type { Place } from '../../../engine/analysis/snapshot/snapshot.ts';
import { TextFault } from './fault.ts';
import { type Offsets, parseJsonValues } from './json.ts';
import { parseYamlDocument } from './yaml.ts';

/** One document of a file, as plain data. */
export interface FileDocument {
  readonly value: unknown;
  /** Where the document, or an object or list in it, begins. */
  readonly placeOf: (part?: unknown) => Place;
}

/** What is wrong with a document that could not be read. */
export interface DocumentFault {
  readonly fault: string;
  readonly place: Place;
}

/** YAML takes a second a megabyte. */
const longestYaml = 4 * 1024 * 1024;
/** Documents of one file. */
const mostDocuments = 20_000;

/**
 * The documents of a text: JSON values one after the other, or YAML documents between `---`. One that is broken does not
 * take the others of a YAML file with it; JSON cannot be read on after a fault.
 */
export function* documentsIn(file: string, text: string): Generator<FileDocument | DocumentFault> {
  const places = createPlaces(file, text);
  const offsets: Offsets = new Map();
  const document = (value: unknown, offset: number): FileDocument => ({
    value,
    placeOf: (part) =>
      places((typeof part === 'object' && part !== null ? offsets.get(part) : undefined) ?? offset),
  });
  const faultOf = (error: unknown): DocumentFault => {
    if (!(error instanceof TextFault)) throw error;
    return { fault: error.message, place: places(error.offset) };
  };

  const tooMany = (offset: number): DocumentFault => ({
    fault: `only the first ${mostDocuments} documents of a file are read`,
    place: places(offset),
  });

  let jsonFault: DocumentFault | undefined;
  if (/^\s*[[{"]/.test(text)) {
    const found: FileDocument[] = [];
    try {
      for (const { value, offset } of parseJsonValues(text, offsets)) {
        if (found.length >= mostDocuments) {
          yield* found;
          yield tooMany(offset);
          return;
        }
        found.push(document(value, offset));
      }
      yield* found;
      return;
    } catch (error) {
      jsonFault = faultOf(error);
      if (text.length > longestYaml || found.length > 0) {
        yield* found;
        yield jsonFault;
        return;
      }
    }
  }
  if (text.length > longestYaml) {
    const most = `${longestYaml / 1024 / 1024} MiB`;
    yield {
      fault: `YAML of more than ${most} is not read: write it as JSON (\`kubectl get -o json\`) or in several files`,
      place: places(0),
    };
    return;
  }
  let parts = 0;
  for (const { text: part, offset } of yamlParts(text)) {
    if (++parts > mostDocuments) {
      yield tooMany(offset);
      return;
    }
    try {
      const value = parseYamlDocument(part, offset, offsets);
      if (value !== undefined && value !== null) {
        yield document(value, offsets.get(value) ?? offset + leadingSpace(part));
      }
    } catch (error) {
      const fault = faultOf(error);
      // What begins like JSON was meant to be JSON: that fault tells more.
      yield jsonFault ?? fault;
      if (jsonFault !== undefined) return;
    }
  }
}

/**
 * The text between lines that begin with `---`, that mark itself left with what follows it. Such a line ends a document
 * wherever it stands, in a literal block, too. What comes before the first stays with it: directives.
 */
function* yamlParts(text: string): Generator<{ readonly text: string; readonly offset: number }> {
  const marks = [...text.matchAll(/^---(?=[ \t\r\n]|$)/gm)].map(({ index }) => index);
  const first = marks[0];
  const starts =
    first !== undefined && /^(?:[ \t]*(?:[#%].*)?\r?\n?)*$/.test(text.slice(0, first))
      ? [0, ...marks.slice(1)]
      : [0, ...marks];
  for (const [index, start] of starts.entries()) {
    yield { text: text.slice(start, starts[index + 1] ?? text.length), offset: start };
  }
}

function leadingSpace(text: string): number {
  return /^(?:---)?\s*/.exec(text)?.[0].length ?? 0;
}

/** Line and column of an offset; lines are counted when the first place is asked for. */
function createPlaces(file: string, text: string): (offset: number) => Place {
  let starts: number[] | undefined;
  return (offset) => {
    if (starts === undefined) {
      starts = [0];
      for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    }
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file, line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
