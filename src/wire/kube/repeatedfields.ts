const quote = 0x22;
const backslash = 0x5c;
const openObject = 0x7b;
const closeObject = 0x7d;
const openList = 0x5b;
const closeList = 0x5d;
const comma = 0x2c;

const maxFindings = 100;
/** A key can be as long as a body; what is said about it cannot. */
const maxPathLength = 1_000;
/** Up to so many keys are compared one by one; that is faster than a set, and most objects have fewer. */
const fewKeys = 8;

/** An object or a list the scan is in. */
interface Frame {
  readonly isObject: boolean;
  readonly keys: string[];
  set: Set<string> | undefined;
  /** The key whose value is being read. */
  key: string;
  /** The element of a list that is being read. */
  index: number;
  expectsKey: boolean;
}

/**
 * Paths like `spec.containers[0].name` of the members a JSON text has more than once, each once, in the order in which
 * they are repeated; at most a hundred. The parser keeps the last of them and says nothing. `source` must be a text that
 * parses. Reads it once, without recursion.
 */
export function repeatedFields(source: string): readonly string[] {
  const found = new Set<string>();
  const stack: Frame[] = [];
  let frame: Frame | undefined;
  for (let at = 0; at < source.length; at += 1) {
    switch (source.charCodeAt(at)) {
      case quote: {
        const end = endOfText(source, at);
        if (frame?.expectsKey === true) {
          frame.expectsKey = false;
          frame.key = keyAt(source, at, end);
          if (isRepeated(frame, frame.key) && found.size < maxFindings) found.add(pathOf(stack));
        }
        at = end;
        break;
      }
      case openObject:
      case openList: {
        const isObject = source.charCodeAt(at) === openObject;
        frame = { isObject, keys: [], set: undefined, key: '', index: 0, expectsKey: isObject };
        stack.push(frame);
        break;
      }
      case closeObject:
      case closeList:
        stack.pop();
        frame = stack.at(-1);
        break;
      case comma:
        if (frame?.isObject === true) frame.expectsKey = true;
        else if (frame !== undefined) frame.index += 1;
        break;
      default:
        break;
    }
  }
  return [...found];
}

/** Where the text that begins at `start` ends: the next quotation mark that is not escaped. */
function endOfText(source: string, start: number): number {
  let end = source.indexOf('"', start + 1);
  while (end > 0) {
    let before = end - 1;
    while (source.charCodeAt(before) === backslash) before -= 1;
    if ((end - before) % 2 === 1) return end;
    end = source.indexOf('"', end + 1);
  }
  return source.length;
}

function keyAt(source: string, start: number, end: number): string {
  const written = source.slice(start + 1, end);
  return written.includes('\\') ? (JSON.parse(`"${written}"`) as string) : written;
}

function isRepeated(frame: Frame, key: string): boolean {
  const { keys } = frame;
  if (frame.set !== undefined) {
    if (frame.set.has(key)) return true;
    frame.set.add(key);
    return false;
  }
  if (keys.includes(key)) return true;
  keys.push(key);
  if (keys.length > fewKeys) frame.set = new Set(keys);
  return false;
}

function pathOf(stack: readonly Frame[]): string {
  let path = '';
  for (const { isObject, key, index } of stack) {
    const step = !isObject ? `[${index}]` : path === '' ? key : `.${key}`;
    path += step.slice(0, maxPathLength);
    if (path.length > maxPathLength) return `${path.slice(0, maxPathLength)}...`;
  }
  return path;
}
