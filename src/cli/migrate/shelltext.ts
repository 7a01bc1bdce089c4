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

/** Sets `$arn`, `$status`, `$mode` and `$endpoint` to those of `$cluster`. */
export const describeFunction = `describe() {
  described=$(eks describe-cluster --name "$cluster" --output text \\
    --query 'cluster.[arn, status, accessConfig.authenticationMode, endpoint]') || return 1
  read -r arn status mode endpoint <<DESCRIBED
$described
DESCRIBED
}
`;

/** Ends where kubectl speaks to another cluster than the one that was described. */
export function speaksToCluster(why: string): string {
  return `command -v kubectl >/dev/null || die ${quoted(`kubectl is needed: ${why}`)}
[ "$(kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}')" = "$endpoint" ] ||
  die 'kubectl does not speak to this cluster: aws eks update-kubeconfig sets it up'
`;
}
