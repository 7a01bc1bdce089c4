import { stringify } from 'yaml';

/**
 * YAML that every reader takes for the same texts.
 *
 * COMPAT: kubectl and eksctl read YAML 1.1, where a plain `on`, `no` or `0123` is no text and U+2028 ends a line; so all texts
 * are quoted, and in them every character stands escaped that is not seen.
 */
export function yamlText(value: unknown): string {
  return stringify(value, {
    aliasDuplicateObjects: false,
    lineWidth: 0,
    defaultStringType: 'QUOTE_DOUBLE',
    defaultKeyType: 'PLAIN',
  }).replace(unseen, escaped);
}

/** But for the line end: controls, formats (which turn text around), separators of lines, and halves of characters. */
const unseen = /[^\P{Cc}\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** As YAML and HCL write a character in quotes. */
export function escaped(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`;
}
