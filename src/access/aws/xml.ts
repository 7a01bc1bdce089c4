/** An element of an answer of AWS: names without attributes, which decide nothing there. */
export interface XmlElement {
  readonly name: string;
  /** Of an element without children. */
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** The text is no XML of the kind AWS answers with. The message says where, and nothing of what stands there. */
class UnreadableXml extends Error {
  constructor(offset: number) {
    super(`unreadable XML at offset ${offset}`);
    this.name = 'UnreadableXml';
  }
}

const maximumDepth = 32;
const maximumElements = 200_000;

/** Declaration, end tag, start tag, or the text up to the next `<`. */
const token =
  /<\?xml [^<>?]*\?>|<\/([\w.:-]+)\s*>|<([\w.:-]+)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/gy;

interface Open {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
}

/**
 * Reads elements, text and the five named references; nothing else.
 *
 * SECURITY: a document type is unreadable here, so there are no entities of anybody's making, and nothing is ever fetched.
 */
export function parseXml(xml: string): XmlElement {
  const root: Open = { name: '', text: '', children: [] };
  const open: Open[] = [root];
  let elements = 0;
  let at = 0;
  token.lastIndex = 0;
  while (at < xml.length) {
    token.lastIndex = at;
    const match = token.exec(xml);
    if (match === null) throw new UnreadableXml(at);
    const [whole, endName, startName, , selfClosing, text] = match;
    const parent = open.at(-1) ?? root;
    if (text !== undefined) {
      parent.text += readText(text, at);
    } else if (startName !== undefined) {
      if (++elements > maximumElements || open.length > maximumDepth) throw new UnreadableXml(at);
      const element: Open = { name: startName, text: '', children: [] };
      parent.children.push(element);
      if (selfClosing !== '/') open.push(element);
    } else if (endName !== undefined) {
      if (open.length === 1 || open.pop()?.name !== endName) throw new UnreadableXml(at);
    } else if (whole.startsWith('<?') && at !== 0) {
      throw new UnreadableXml(at);
    }
    at += whole.length;
  }
  const [element, ...more] = root.children;
  if (open.length > 1 || element === undefined || more.length > 0 || root.text.trim() !== '') {
    throw new UnreadableXml(xml.length);
  }
  return element;
}

/** The elements reached by these names, one after the other. */
export function elementsAt(element: XmlElement, ...names: readonly string[]): readonly XmlElement[] {
  return names.reduce<readonly XmlElement[]>(
    (reached, name) => reached.flatMap(({ children }) => children.filter((child) => child.name === name)),
    [element],
  );
}

/** The text of the one element reached by these names; undefined when there is none, or more than one. */
export function textAt(element: XmlElement, ...names: readonly string[]): string | undefined {
  const [found, ...more] = elementsAt(element, ...names);
  return found === undefined || more.length > 0 || found.children.length > 0 ? undefined : found.text;
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function readText(text: string, offset: number): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:(\w{2,4});|#(\d{1,7});|#x([0-9A-Fa-f]{1,6});)?/g,
    (_, name, decimal, hexadecimal) => {
      const point = decimal === undefined ? Number.parseInt(hexadecimal ?? '', 16) : Number(decimal);
      const value =
        name === undefined ? codePoint(point) : Object.hasOwn(named, name) ? named[name] : undefined;
      if (value === undefined) throw new UnreadableXml(offset);
      return value;
    },
  );
}

function codePoint(point: number): string | undefined {
  const isCharacter = point > 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
  return isCharacter ? String.fromCodePoint(point) : undefined;
}
