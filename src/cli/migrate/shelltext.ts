/** One word of a POSIX shell, whatever is in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}

/**
 * Functions that say something, end with a message, and call EKS in `$region`. `ask` answers on one line what the service says:
 * OPERATION INPUT QUERY.
 */
export const shellFunctions = `say() { printf '%s\\n' "$*"; }
die() { printf '%s\\n' "$*" >&2; exit 1; }
eks() { operation=$1; shift; aws eks "$operation" --region "$region" "$@"; }
ask() {
  answer=$(eks "$1" --cli-input-json "$2" --query "$3" --output json) || return 1
  printf '%s\\n' "$answer" | sed 's/^ *//' | tr -d '\\n'
}
`;
