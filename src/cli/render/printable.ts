/**
 * Text from outside as it may stand on a terminal.
 *
 * SECURITY: a file under review must not move the cursor, colour its own report or turn text around.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
