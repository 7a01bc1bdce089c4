/**
 * A command line that a shell reads as exactly these words.
 *
 * SECURITY: names come from clusters and accounts; what is printed to be pasted must run nothing that a name spells.
 */
export function commandLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** The command with a text on its standard input. The text is JSON on one line, so that no line of it ends it early. */
export function withInput(command: string, json: unknown): string {
  return `${command} <<'EOF'\n${JSON.stringify(json)}\nEOF`;
}
