import type { MigrationPlan, PlannedEntry } from '../../engine/analysis/migrate/plan.ts';
import { rbacManifest } from '../../engine/rbac/manifest.ts';
import { printable } from '../render/printable.ts';

/** Tells the entry that took a stale one's place from the stale one, so that running twice replaces it once. */
const replacedTag = 'entryway-replaced-stale-entry';

/**
 * A POSIX shell script for the AWS CLI. Without an argument it does everything that can be undone and may be run again at any
 * time; `finish` switches to mode API.
 *
 * SECURITY: whoever writes aws-auth chooses the names in it, and an administrator runs this. Names go to the CLI inside one
 * quoted JSON argument: as words of their own the CLI would read `file://…` from the disk and take `[…]` apart.
 */
export function migrationScript(plan: MigrationPlan): string {
  const { clusterName, clusterArn, accountId, region, entries, bindings, creatorArn } = plan;
  const rbac = bindings.map((binding) => JSON.stringify(rbacManifest(binding)));
  return `#!/bin/sh
# Puts access entries in the place of aws-auth in cluster ${comment(clusterName)} (account ${accountId}, ${comment(region)}).
#   sh THIS-FILE          everything that can be undone; safe to run again
#   sh THIS-FILE finish   the last step, mode API: aws-auth counts no more, and there is no way back
#   sh THIS-FILE undo     deletes the entries again; only before finish
set -eu

stage=\${1:-prepare}
cluster=${quoted(clusterName)}
region=${quoted(region)}

say() { printf '%s\\n' "$*"; }
die() { printf '%s\\n' "$*" >&2; exit 1; }
eks() { operation=$1; shift; aws eks "$operation" --region "$region" "$@"; }
mode() { eks describe-cluster --name "$cluster" --query cluster.accessConfig.authenticationMode --output text; }
switch_to() {
  eks update-cluster-config --name "$cluster" --access-config "authenticationMode=$1" >/dev/null
  eks wait cluster-active --name "$cluster"
  say "mode $1"
}
# What the service says of an entry, without blanks: OPERATION INPUT QUERY
ask() {
  answer=$(eks "$1" --cli-input-json "$2" --query "$3" --output json) || return $?
  printf '%s' "$answer" | tr -d ' \\n'
}
has_entry() { ask describe-access-entry "$1" accessEntry.type >/dev/null 2>&1; }
# FOUND EXPECTED NAME
same() { [ "$1" = "$2" ] || die "the entry of $3 is not as planned: $1"; }
# KEY QUERY EXPECTED NAME
check_entry() {
  found=$(ask describe-access-entry "$1" "$2") || die "there is no entry of $4"
  same "$found" "$3" "$4"
}
# KEY CREATION QUERY EXPECTED NAME
ensure_entry() {
  if found=$(ask describe-access-entry "$1" "$3" 2>/dev/null); then
    same "$found" "$4" "$5"
    say "there already: $5"
  else
    found=$(ask create-access-entry "$2" "$3")
    same "$found" "$4" "$5"
    say "created: $5"
  fi
}

case $stage in prepare | finish | undo) ;; *) die 'say nothing, finish or undo' ;; esac
[ "$(aws sts get-caller-identity --query Account --output text)" = ${quoted(accountId)} ] ||
  die 'these credentials are not of account ${accountId}'
[ "$(eks describe-cluster --name "$cluster" --query cluster.arn --output text)" = ${quoted(clusterArn)} ] ||
  die 'this is not the cluster the script was made for'

if [ "$stage" = undo ]; then
  [ "$(mode)" != API ] || die 'in mode API the entries are all there is: deleting them would shut everybody out'
${indented(entries.map(undoLine))}
  say 'undone: aws-auth lets them in again'
  exit 0
fi

if [ "$stage" = prepare ]; then
  # Entries for people whom nothing lets in now would let them in.
  [ "$(mode)" != API ] || die 'the cluster is in mode API already: aws-auth lets nobody in'
  if command -v kubectl >/dev/null && backup=$(kubectl -n kube-system get configmap aws-auth -o yaml 2>/dev/null); then
    [ -e "aws-auth-$cluster.yaml" ] || (umask 077; printf '%s\\n' "$backup" >"aws-auth-$cluster.yaml")
    say "aws-auth is kept in aws-auth-$cluster.yaml"
  else
    say 'aws-auth was not saved: kubectl does not reach it. The ConfigMap itself stays as it is.'
  fi
${rbac.length === 0 ? '' : bindingsStep(rbac)}\
  [ "$(mode)" != CONFIG_MAP ] || switch_to API_AND_CONFIG_MAP
${creatorArn === undefined ? '' : `  has_entry ${key(plan, creatorArn)} || die ${quoted(`the cluster’s creator ${printable(creatorArn)} has no entry: create one with AmazonEKSClusterAdminPolicy first`)}\n`}\
${indented(entries.flatMap(createLines))}
fi

if [ "$stage" = prepare ]; then
  say 'every entry is as planned; aws-auth still counts beside them'
  say 'see that nodes stay Ready and people get in; then run this script again with: finish'
  exit 0
fi
if [ "$(mode)" = API ]; then
  say 'mode is API already'
  exit 0
fi
${entries.map(verifyLine).join('\n')}
switch_to API
say 'aws-auth counts no more; delete it when you like: kubectl -n kube-system delete configmap aws-auth'
`;

  function createLines(entry: PlannedEntry): readonly string[] {
    const { principalArn, policies, replacesStale } = entry;
    const own = key(plan, principalArn);
    const stale = `accessEntry.tags."${replacedTag}"`;
    return [
      ...(replacesStale
        ? [
            `if has_entry ${own} && [ "$(ask describe-access-entry ${own} ${quoted(stale)})" != '"yes"' ]; then`,
            `  eks delete-access-entry --cli-input-json ${own}; say ${quoted(`deleted an entry whose principal is gone: ${printable(principalArn)}`)}`,
            'fi',
          ]
        : []),
      `ensure_entry ${own} ${quoted(JSON.stringify(creation(plan, entry)))} ${expectation(entry)} ${quoted(printable(principalArn))}`,
      ...policies.map(
        ({ policyArn, accessScope: { type, namespaces } }) =>
          `eks associate-access-policy --cli-input-json ${quoted(
            JSON.stringify({
              ...{ clusterName, principalArn, policyArn },
              accessScope: { type, ...(type === 'namespace' && { namespaces }) },
            }),
          )} >/dev/null`,
      ),
    ];
  }

  function verifyLine({ principalArn, policies, ...entry }: PlannedEntry): string {
    const own = key(plan, principalArn);
    const check = `check_entry ${own} ${expectation({ principalArn, policies, ...entry })} ${quoted(printable(principalArn))}`;
    if (policies.length === 0) return check;
    const wanted = JSON.stringify(policies.map(({ policyArn }) => policyArn).sort());
    const query = quoted('sort(associatedAccessPolicies[].policyArn)');
    return `${check}
[ "$(ask list-associated-access-policies ${own} ${query})" = ${quoted(wanted)} ] ||
  die ${quoted(`the policies of ${printable(principalArn)} are not as planned`)}`;
  }

  function undoLine({ principalArn }: PlannedEntry): string {
    const own = key(plan, principalArn);
    return `if has_entry ${own}; then eks delete-access-entry --cli-input-json ${own}; say ${quoted(`deleted: ${printable(principalArn)}`)}; fi`;
  }
}

function bindingsStep(manifests: readonly string[]): string {
  return `  [ "$(kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}')" = \\
    "$(eks describe-cluster --name "$cluster" --query cluster.endpoint --output text)" ] ||
    die 'kubectl does not speak to this cluster: aws eks update-kubeconfig sets it up'
  kubectl apply -f - <<'BINDINGS'
${manifests.join('\n---\n')}
BINDINGS
`;
}

function key({ clusterName }: MigrationPlan, principalArn: string): string {
  return quoted(JSON.stringify({ clusterName, principalArn }));
}

/** What CreateAccessEntry is sent; EKS sets the names of nodes itself. */
export function creation(
  { clusterName }: Pick<MigrationPlan, 'clusterName'>,
  { principalArn, type, username, kubernetesGroups, replacesStale }: PlannedEntry,
): Readonly<Record<string, unknown>> {
  return {
    ...{ clusterName, principalArn, type },
    ...(type === 'STANDARD' && { kubernetesGroups }),
    ...(type === 'STANDARD' && username !== undefined && { username }),
    ...(replacesStale && { tags: { [replacedTag]: 'yes' } }),
  };
}

/** Query and the answer that is expected, without blanks and line ends, as two words of the shell. */
function expectation({ type, username, kubernetesGroups }: PlannedEntry): string {
  const asks = ['accessEntry.type'];
  const answers: unknown[] = [type];
  if (type === 'STANDARD') {
    asks.push('sort(accessEntry.kubernetesGroups)');
    answers.push([...kubernetesGroups].sort());
    if (username !== undefined) {
      asks.push('accessEntry.username');
      answers.push(username);
    }
  }
  return `${quoted(`[${asks.join(', ')}]`)} ${quoted(JSON.stringify(answers).replace(/[ \n]/g, ''))}`;
}

/** One word of a POSIX shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Nothing that could end the comment. */
function comment(text: string): string {
  return printable(text);
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}
