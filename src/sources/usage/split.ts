/** One JSON document of a log, or what stands where one should. Line and column count from 1. */
export type LogPiece = {
  readonly line: number;
  readonly column: number;
} & ({ readonly text: string } | { readonly fault: string });

/** CloudTrail records are at most 256 KiB, audit events at most what etcd takes; a body of `RequestResponse` level included. */
const longestRecord = 4 * 1024 * 1024;

/** Members whose list holds the records: CloudTrail's files and `lookup-events`, CloudWatch's `filter-log-events`, lists of kubectl. */
const listStart = /^\uFEFF?\s*(?:\{\s*"(?:Records|Events|events|items)"\s*:\s*)?\[/;
const objectStart = /^\uFEFF?\s*\{/;

/**
 * The JSON objects of a log, as they come: one to a line, or those of the list that the text begins with. Never holds more
 * than one record: a longer one is a fault, and reading goes on behind it.
 */
export async function* splitLog(chunks: AsyncIterable<string>): AsyncGenerator<LogPiece> {
  let head = '';
  let splitter: Splitter | undefined;
  for await (const chunk of chunks) {
    if (splitter === undefined) {
      head += chunk;
      // The form is known from the first few characters that are no space.
      if (head.trim().length < 64 && head.length < longestRecord) continue;
      splitter = splitterOf(head);
      yield* splitter.take(head);
      head = '';
    } else yield* splitter.take(chunk);
  }
  if (splitter === undefined) {
    splitter = splitterOf(head);
    yield* splitter.take(head);
  }
  yield* splitter.end();
}

interface Splitter {
  take(chunk: string): readonly LogPiece[];
  end(): readonly LogPiece[];
}

function splitterOf(head: string): Splitter {
  const list = listStart.exec(head);
  if (list !== null) return createObjectSplitter(list[0].length);
  const [first = ''] = head.split('\n', 1);
  // An object that does not end in its line is written over several.
  const isSpread =
    objectStart.test(head) && head.trimStart().includes('\n') && /^[\s\uFEFF]*\{\s*$/.test(first);
  return isSpread ? createObjectSplitter(0) : createLineSplitter();
}

function createLineSplitter(): Splitter {
  let line = 1;
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

/** Objects one after another, whatever stands between them; `skip` characters stand before the first. */
function createObjectSplitter(skip: number): Splitter {
  let left = skip;
  let [line, column] = [1, 1];
  let depth = 0;
  let isInText = false;
  let isEscaped = false;
  let isListOver = false;
  let held = '';
  let isTooLong = false;
  let start = { line, column };
  const pieces: LogPiece[] = [];
  const finish = (): void => {
    pieces.push(isTooLong ? { ...start, fault: tooLong } : { ...start, text: held });
    held = '';
    isTooLong = false;
  };
  return {
    take(chunk) {
      let from = 0;
      const hold = (to: number): void => {
        if (depth === 0 || isTooLong) return;
        if (held.length + to - from > longestRecord) {
          isTooLong = true;
          held = '';
        } else held += chunk.slice(from, to);
      };
      for (let at = 0; at < chunk.length; at++) {
        const character = chunk[at];
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
        if (character === '"' && depth > 0) isInText = true;
        else if (character === '{' || (character === '[' && depth > 0)) {
          if (isListOver) continue;
          if (depth === 0) {
            start = { line, column: column - 1 };
            from = at;
          }
          depth++;
        } else if (depth > 0 && (character === '}' || character === ']')) {
          if (depth === 1) {
            hold(at + 1);
            finish();
          }
          depth--;
        } else if (depth === 0 && character === ']' && skip > 0) {
          // What follows the list belongs to the file, not to a record: a page token, a digest.
          isListOver = true;
        } else if (depth === 0 && !isListOver && character !== undefined && !/[\s,]/.test(character)) {
          pieces.push({
            line,
            column: column - 1,
            fault: 'something that is no record stands between records',
          });
          isListOver = true;
        }
      }
      hold(chunk.length);
      return pieces.splice(0);
    },
    end() {
      if (depth > 0) pieces.push({ ...start, fault: 'the file ends within a record' });
      return pieces.splice(0);
    },
  };
}
