import type { Shape, Structure } from './contract.ts';
import { writeText } from './form.ts';
import { writeStructure } from './members.ts';

/** What XML 1.0 cannot hold, not even as a reference. Lone surrogates are replaced when the text becomes UTF-8. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
const unspeakable = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;
const special = /[&<>"\r]/;

const references: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
};

/**
 * Text for an element or an attribute in double quotes.
 *
 * COMPAT: `\r` is a reference, because parsers turn a bare one into `\n` (protocol-facts 16).
 */
export function escapeXml(text: string): string {
  const clean = text.replace(unspeakable, '\ufffd');
  return special.test(clean) ? clean.replace(/[&<>"\r]/g, (character) => references[character] ?? '') : clean;
}

export function element(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}

export function writeXmlStructure(structure: Structure, value: object): string {
  let text = '';
  writeStructure(structure, value, (member, present) => {
    text += element(member.name, writeXml(member.shape, present));
  });
  return text;
}

/** The content of an element. Throws TypeError for a value that has another type. */
function writeXml(shape: Shape, value: unknown): string {
  switch (shape.kind) {
    case 'list':
      if (Array.isArray(value)) {
        return value.map((item) => element('member', writeXml(shape.item, item))).join('');
      }
      break;
    case 'map':
      if (typeof value === 'object' && value !== null) {
        return Object.entries(value)
          .map(([key, item]) =>
            element('entry', element('key', escapeXml(key)) + element('value', writeXml(shape.value, item))),
          )
          .join('');
      }
      break;
    case 'structure':
      if (typeof value === 'object' && value !== null) {
        return writeXmlStructure(shape, value);
      }
      break;
    case 'string':
      return escapeXml(writeText(shape.kind, value));
    default:
      return writeText(shape.kind, value);
  }
  throw new TypeError(`a ${shape.kind} was expected`);
}
