import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type LineCounter,
  type Pair,
  type ParsedNode,
  Scalar,
} from 'yaml';
import type { SourceValue, YamlMember, YamlNode } from '../../engine/analysis/awsauthlint/source.ts';
import type { Position } from '../../engine/iam/position.ts';
import { type AwsAuthSchema, brokenYaml, isMergeName, valueOfYaml } from '../../wire/awsauth/yaml.ts';
import { TextFault } from '../files/text/fault.ts';
import { aliasTargets, composeDocuments, linesOf } from './compose.ts';

/** Where a text stands in the file: what turns a place in it into a place in the file. */
export type PlaceInFile = (inText: Position) => Position;

/** Values of a text through aliases: beyond this it is no aws-auth, but somebody’s joke. */
const mostNodes = 100_000;
const deepest = 100;

class BrokenYaml extends Error {
  readonly position: Position;
  constructor(message: string, position: Position) {
    super(message);
    this.name = 'BrokenYaml';
    this.position = position;
  }
}

/**
 * Reads the text under a key of aws-auth as the server does (`wire/awsauth/yaml.ts`): one document of YAML 1.1, no name
 * twice in one mapping; for `mapAccounts` every scalar is the text it is.
 */
export function readValue(text: string, schema: AwsAuthSchema, place: PlaceInFile): SourceValue {
  try {
    const { documents, lines } = composeDocuments(text, schema);
    const [document, second] = documents;
    const at = (offset: number): Position => place(positionIn(lines, offset));
    if (second !== undefined) {
      const message = 'there is a second document, and one alone is read';
      return { kind: 'broken', position: at(second.range[0]), message };
    }
    const value =
      document === undefined
        ? ({ kind: 'yaml', isText: true, node: { kind: 'null', position: at(0) } } as const)
        : valueOfNode(document, at, document.contents);
    // What the server refuses must not look fine here, for whatever reason it does.
    return value.kind === 'yaml' && valueOfYaml(text, schema) === brokenYaml
      ? { kind: 'broken', position: at(0), message: 'the server cannot read it' }
      : value;
  } catch (fault) {
    if (!(fault instanceof TextFault)) throw fault;
    const position = place(positionIn(linesOf(text), fault.offset));
    return { kind: 'broken', position, message: fault.message };
  }
}

/** Counted from 1. */
export function positionIn(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

/** The value of a node with aliases and merges carried out. `at` turns an offset of the document into a place. */
export function valueOfNode(
  document: Document.Parsed,
  at: (offset: number) => Position,
  root: ParsedNode | null,
): SourceValue {
  try {
    return { kind: 'yaml', isText: true, node: nodeOf(document, at, root) };
  } catch (problem) {
    if (!(problem instanceof BrokenYaml)) throw problem;
    return { kind: 'broken', position: problem.position, message: problem.message };
  }
}

/** Throws BrokenYaml. */
function nodeOf(
  document: Document.Parsed,
  at: (offset: number) => Position,
  root: ParsedNode | null,
): YamlNode {
  let left = mostNodes;
  const targets = aliasTargets(document);
  const convert = (node: unknown, fallback: Position, depth: number): YamlNode => {
    left -= 1;
    const position = positionOf(node, at) ?? fallback;
    if (left < 0 || depth > deepest) throw new BrokenYaml('it nests or multiplies without end', position);
    if (isAlias(node)) {
      const target = targets.get(node);
      if (target === undefined) throw new BrokenYaml(`alias \`${node.source}\` means nothing`, position);
      // What stands in itself ends here as well: each step takes one of what is left.
      return convert(target, position, depth + 1);
    }
    if (isSeq(node)) {
      return { kind: 'list', position, items: node.items.map((item) => convert(item, position, depth + 1)) };
    }
    if (isMap(node)) return { kind: 'map', position, members: membersOf(node.items, position, depth + 1) };
    if (isScalar(node)) return scalarOf(node, position);
    return { kind: 'null', position };
  };
  const membersOf = (pairs: readonly unknown[], position: Position, depth: number): readonly YamlMember[] => {
    const own = new Map<string, YamlMember>();
    const merged = new Map<string, YamlMember>();
    for (const pair of pairs) {
      if (!isPair(pair)) continue;
      const place = positionOf(pair.key, at) ?? position;
      if (isMerge(pair)) {
        for (const member of mergedOf(convert(pair.value, place, depth), place)) {
          if (!merged.has(member.name)) merged.set(member.name, member);
        }
        continue;
      }
      const key = convert(pair.key, place, depth);
      const name = key.kind === 'text' ? key.text : isScalar(pair.key) ? String(pair.key.value) : '?';
      if (own.has(name)) throw new BrokenYaml(`name \`${name}\` is given twice`, place);
      own.set(name, { name, position: place, value: convert(pair.value, place, depth) });
    }
    return [...new Map([...merged, ...own]).values()];
  };
  return convert(root, at(0), 0);
}

function mergedOf(node: YamlNode, position: Position): readonly YamlMember[] {
  if (node.kind === 'map') return node.members.map((member) => ({ ...member, position }));
  if (node.kind === 'list') return node.items.flatMap((item) => mergedOf(item, position));
  throw new BrokenYaml('what is merged is no mapping', position);
}

function isMerge({ key }: Pair): boolean {
  return isScalar(key) && isMergeName(key.value);
}

function scalarOf(node: Scalar, position: Position): YamlNode {
  const { value, type } = node;
  if (typeof value === 'string')
    return { kind: 'text', position, text: value, isQuoted: type !== Scalar.PLAIN };
  if (value === null || value === undefined) return { kind: 'null', position };
  const kinds: Readonly<Record<string, string>> = {
    number: 'a number',
    bigint: 'a number',
    boolean: 'a truth value',
  };
  return {
    kind: 'other',
    position,
    type: kinds[typeof value] ?? (value instanceof Date ? 'a time' : 'no text'),
  };
}

function positionOf(node: unknown, at: (offset: number) => Position): Position | undefined {
  const range = typeof node === 'object' && node !== null ? (node as Partial<ParsedNode>).range : undefined;
  return range === undefined || range === null ? undefined : at(range[0]);
}
