import { type Document, isAlias, isNode, LineCounter, type Node, visit } from 'yaml';
import { type AwsAuthSchema, carefulComposer } from '../../wire/awsauth/yaml.ts';
import { TextFault } from '../files/text/fault.ts';
import { messageOf, offsetOf, tokensOf } from '../files/text/yaml.ts';

/** The documents of a text, with what turns an offset into a line and a column. Throws TextFault at the first error. */
export function composeDocuments(
  text: string,
  schema: AwsAuthSchema,
): { readonly documents: readonly Document.Parsed[]; readonly lines: LineCounter } {
  const composer = carefulComposer(schema, (source, _, message) => {
    throw new TextFault(messageOf(message), offsetOf(source));
  });
  const documents = [...composer.compose(tokensOf(text, 0), false, text.length)] as Document.Parsed[];
  return { documents, lines: linesOf(text) };
}

export function linesOf(text: string): LineCounter {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.addNewLine(at + 1);
  return lines;
}

/**
 * What each alias of a document stands for: the last node before it that has the name; absent for one that means nothing.
 *
 * SECURITY: the library looks through the whole document for each alias, which takes it minutes for fifty kilobytes.
 */
export function aliasTargets(document: Document.Parsed): ReadonlyMap<unknown, Node> {
  const known = remembered.get(document);
  if (known !== undefined) return known;
  const anchors = new Map<string, Node>();
  const targets = new Map<unknown, Node>();
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) {
        const target = anchors.get(node.source);
        if (target !== undefined) targets.set(node, target);
      } else if (isNode(node) && 'anchor' in node && typeof node.anchor === 'string') {
        anchors.set(node.anchor, node);
      }
    },
  });
  remembered.set(document, targets);
  return targets;
}

const remembered = new WeakMap<Document.Parsed, ReadonlyMap<unknown, Node>>();
