/** One JSON document of a log, or what stands where one should. Line and column count from 1. */
export type LogPiece = {
  readonly line: number;
  readonly column: number;
} & ({ readonly text: string } | { readonly fault: string });

/** CloudTrail records are at most 256 KiB, audit events at most what etcd takes; a body of `RequestResponse` level included. */
const longestRecord = 4 * 1024 * 1024;

/** Members whose list holds the records: CloudTrail's files and `lookup-events`, CloudWatch's `filter-log-events`, EventList and lists of kubectl. */
export const listMembers = ['Records', 'Events', 'events', 'items'] as const;
const before = String.raw`(?:"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[-\w.]+|\{[^{}]*\})\s*,\s*)*`;
const listStart = new RegExp(`^\\uFEFF?\\s*(?:\\{\\s*${before}"(?:${listMembers.join('|')})"\\s*:\\s*)?\\[`);
/** The form is known from so many characters that are no space. */
const formLength = 1024;

/**
 * The JSON objects of a log, as they come: one to a line, or those of the list that the text begins with; behind a list
 * another one may follow, as in files that were put together. Never holds more than one record: a longer one is a fault, and
 * reading goes on behind it.
 */
export async function* splitLog(chunks: AsyncIterable<string>): AsyncGenerator<LogPiece> {
  let head = '';
  let line = 1;
  let splitter: Splitter | undefined;
  const take = function* (chunk: string): Generator<LogPiece> {
    let text = chunk;
    while (text !== '') {
      if (splitter === undefined) {
        head += text;
        if (head.trim().length < formLength && head.length < longestRecord) return;
        splitter = splitterOf(head, line);
        text = head;
        head = '';
      }
      yield* splitter.take(text);
      text = splitter.rest?.text ?? '';
      if (splitter.rest === undefined) return;
      line = splitter.rest.line;
      splitter = undefined;
    }
  };
  for await (const chunk of chunks) yield* take(chunk);
  // Short texts, and what stands behind the last list.
  while (splitter === undefined && head.trim() !== '') {
    splitter = splitterOf(head, line);
    yield* splitter.take(head);
    if (splitter.rest === undefined) break;
    ({ text: head, line } = splitter.rest);
    splitter = undefined;
  }
  if (splitter !== undefined) yield* splitter.end();
}

interface Splitter {
  take(chunk: string): readonly LogPiece[];
  end(): readonly LogPiece[];
  /** Set once the list is over: what of the chunk stands behind it. */
  readonly rest?: { readonly text: string; readonly line: number } | undefined;
}

function splitterOf(head: string, line: number): Splitter {
  const list = listStart.exec(head)?.[0];
  if (list !== undefined)
    return createObjectSplitter({ line, skip: list.length, isWrapped: list.includes('{') });
  // An object that does not end in its line is written over several.
  const isSpread = /^\uFEFF?\s*\{\s*\n/.test(head);
  return isSpread ? createObjectSplitter({ line, skip: 0, isWrapped: false }) : createLineSplitter(line);
}

function createLineSplitter(first: number): Splitter {
  let line = first;
  let held = '';
  let isTooLong = false;
  const finish = (): readonly LogPiece[] => {
    const text = held.replace(/^\uFEFF/, '');
    const piece: LogPiece | undefined = isTooLong
      ? { line, column: 1, fault: tooLong }
      : text.trim() === ''
        ? undefined
        : { line, column: 1, text };
    held = '';
    isTooLong = false;
    line++;
    return piece === undefined ? [] : [piece];
  };
  const hold = (text: string): void => {
    if (held.length + text.length > longestRecord) {
      isTooLong = true;
      held = '';
    } else if (!isTooLong) held += text;
  };
  return {
    take(chunk) {
      const pieces: LogPiece[] = [];
      let from = 0;
      for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', from)) {
        hold(chunk.slice(from, at));
        pieces.push(...finish());
        from = at + 1;
      }
      hold(chunk.slice(from));
      return pieces;
    },
    end: finish,
  };
}

const tooLong = `a record longer than ${longestRecord / 1024 / 1024} MiB was not read`;

/**
 * Objects one after another, whatever stands between them. `skip` characters stand before the first; with 0 they are in no
 * list. The list can be a member of an object (`isWrapped`), of which nothing else is a record.
 */
function createObjectSplitter(form: {
  readonly line: number;
  readonly skip: number;
  readonly isWrapped: boolean;
}): Splitter {
  const isList = form.skip > 0;
  let left = form.skip;
  let [line, column] = [form.line, 1];
  /** Of what is open within a record; behind the list, of what is open around it. */
  let depth = 0;
  let isListOver = false;
  let isInText = false;
  let isEscaped = false;
  let wasToldOfOthers = false;
  let held = '';
  let isTooLong = false;
  let start = { line, column };
  let rest: Splitter['rest'];
  const pieces: LogPiece[] = [];
  const finish = (): void => {
    pieces.push(isTooLong ? { ...start, fault: tooLong } : { ...start, text: held });
    held = '';
    isTooLong = false;
  };
  return {
    get rest() {
      return rest;
    },
    take(chunk) {
      let from = 0;
      const hold = (to: number): void => {
        if (depth === 0 || isTooLong || isListOver) return;
        if (held.length + to - from > longestRecord) {
          isTooLong = true;
          held = '';
        } else held += chunk.slice(from, to);
      };
      for (let at = 0; at < chunk.length; at++) {
        const character = chunk[at] ?? '';
        if (character === '\n') [line, column] = [line + 1, 0];
        column++;
        if (left > 0) {
          left--;
          continue;
        }
        if (isInText) {
          if (isEscaped) isEscaped = false;
          else if (character === '\\') isEscaped = true;
          else if (character === '"') isInText = false;
          continue;
        }
        const isOutside = depth === 0 && !isListOver;
        if (character === '"') isInText = true;
        else if (character === '{' || (character === '[' && !isOutside)) {
          if (isOutside) {
            start = { line, column: column - 1 };
            from = at;
            wasToldOfOthers = false;
          }
          depth++;
          continue;
        } else if (!isOutside && (character === '}' || character === ']')) {
          if (depth === 1 && !isListOver) {
            hold(at + 1);
            finish();
          }
          depth--;
        } else if (isOutside && isList && character === ']') {
          isListOver = true;
          depth = form.isWrapped ? 1 : 0;
        }
        if (isListOver && depth === 0) {
          rest = { text: chunk.slice(at + 1), line };
          return pieces.splice(0);
        }
        if (isOutside && !isListOver && !/[\s,\uFEFF]/.test(character) && !wasToldOfOthers) {
          pieces.push({
            ...{ line, column: column - 1 },
            fault: 'something that is no record stands between records',
          });
          wasToldOfOthers = true;
        }
      }
      hold(chunk.length);
      return pieces.splice(0);
    },
    end() {
      const fault =
        isListOver || depth === 0 ? 'the file ends within its list' : 'the file ends within a record';
      if (depth > 0 || isList)
        pieces.push({ ...(depth > 0 && !isListOver ? start : { line, column }), fault });
      return pieces.splice(0);
    },
  };
}
