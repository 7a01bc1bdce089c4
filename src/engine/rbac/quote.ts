const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must be escaped
const plain = /^[^"\\\u0000-\u001f\u007f-\u00a0\u2028-\u202e\ufeff]*$/;

/** A name as Go's `%q` prints it in Kubernetes' messages; control characters never reach a log raw. */
export function quote(text: string): string {
  // Nearly every name is plain, and reasons are made for every decision.
  if (plain.test(text)) return `"${text}"`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must be escaped
  const inner = text.replace(/["\\\u0000-\u001f\u007f-\u00a0\u2028-\u202e\ufeff]/g, (character) => {
    const code = character.charCodeAt(0);
    const hex = code.toString(16);
    return (
      shortEscapes[character] ?? (code < 0x80 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`)
    );
  });
  return `"${inner}"`;
}

/** A list as Go's `%q` prints it: `["a" "b"]`. */
export function quoteList(texts: readonly string[]): string {
  return `[${texts.map(quote).join(' ')}]`;
}
