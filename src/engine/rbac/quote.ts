const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\u000b': '\\v',
};

// What Go does not count as printable: controls, separators but the blank, format characters, lone surrogates.
const escaped = /["\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u00a0\u3000\u2000-\u200a]/gu;

/** Nearly every name is of these; reasons are made for every decision. */
const plain = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/;

/** A string as Go's `%q` prints it, the form of every quoted name in a Kubernetes message. */
export function quote(text: string): string {
  if (plain.test(text)) return `"${text}"`;
  const inner = text.replace(escaped, (char) => {
    const known = shortEscapes[char];
    if (known !== undefined) return known;
    const code = char.charCodeAt(0);
    if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
    return /\p{Cs}/u.test(char) ? '\ufffd' : `\\u${code.toString(16).padStart(4, '0')}`;
  });
  return `"${inner}"`;
}

/** A list as Go's `%q` prints it: `["a" "b"]`. */
export function quoteList(texts: readonly string[]): string {
  return `[${texts.map(quote).join(' ')}]`;
}
