import type { AwsAuthKey, MigrationPlan, PlannedEntry } from '../../engine/analysis/migrate/plan.ts';
import type { SnapshotAccessEntry, SnapshotCluster } from '../../engine/analysis/snapshot/snapshot.ts';
import { rbacManifest } from '../../engine/rbac/manifest.ts';
import { printable } from '../render/printable.ts';
import { describeFunction, indented, quoted, shellFunctions, speaksToCluster } from './shelltext.ts';

/** Tells the entry that took a stale one's place from the stale one, so that running twice replaces it once. */
const replacedTag = 'entryway-replaced-stale-entry';

/**
 * A POSIX shell script for the AWS CLI and kubectl. Without an argument it does everything up to mode API and may be run again
 * at any time; `finish` switches to mode API. It stops before its first change where aws-auth is no longer what the plan was
 * made from.
 *
 * SECURITY: whoever writes aws-auth chooses the names in it, and an administrator runs this. Names go to the CLI inside one
 * quoted JSON argument: as words of their own the CLI would read `file://…` from the disk and take `[…]` apart. And every
 * answer is waited for: one that fails is neither "there is no entry" nor "the mode is another".
 */
export function migrationScript(
  plan: MigrationPlan,
  { awsAuthData, accessEntries }: Pick<SnapshotCluster, 'awsAuthData' | 'accessEntries'>,
): string {
  const { clusterName, clusterArn, accountId, region, from, entries, bindings, creatorArn } = plan;
  return `#!/bin/sh
# Puts access entries in the place of aws-auth in cluster ${printable(clusterName)} (account ${printable(accountId)}, ${printable(region)}).
#   sh THIS-FILE          everything up to mode API; safe to run again
#   sh THIS-FILE undo     deletes the entries again; only before finish
#   sh THIS-FILE finish   the last step, mode API: aws-auth counts no more, and there is no way back
${from === 'CONFIG_MAP' ? `# The first run leaves mode CONFIG_MAP for API_AND_CONFIG_MAP, where aws-auth counts just the same. There is no way back from\n# that either: undo leaves the mode.\n` : ''}\
set -eu

stage=\${1:-prepare}
cluster=${quoted(clusterName)}
region=${quoted(region)}

${shellFunctions}${describeFunction}\
switch_to() {
  eks update-cluster-config --name "$cluster" --access-config "authenticationMode=$1" >/dev/null
  tries=0
  until describe && [ "$status $mode" = "ACTIVE $1" ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || die "the cluster is still not in mode $1: run this again later"
    sleep 5
  done
  say "mode $1"
}
# Puts into $found what is asked of the entry; nothing where there is none: KEY QUERY
look_up() {
  if found=$(ask describe-access-entry "$1" "$2" 2>"$errors"); then return; fi
  grep -q ResourceNotFoundException "$errors" || die "$(cat "$errors")"
  found=
}
# FOUND EXPECTED NAME
same() { [ "$1" = "$2" ] || die "the entry of $3 is not as planned, so make a new plan: $1"; }
# KEY CREATION QUERY EXPECTED POLICIES NAME
ensure_entry() {
  if found=$(ask create-access-entry "$2" "$3" 2>"$errors"); then
    same "$found" "$4" "$6"
    say "created: $6"
    return
  fi
  grep -q ResourceInUseException "$errors" || die "$(cat "$errors")"
  look_up "$1" "$3"
  same "$found" "$4" "$6"
  if [ -n "$5" ]; then
    found=$(ask list-associated-access-policies "$1" "$policies")
    # Interrupted before its policy, it has none.
    [ "$found" = '[]' ] || same "$found" "$5" "$6"
  fi
  say "there already: $6"
}
# KEY QUERY EXPECTED POLICIES NAME
check_entry() {
  look_up "$1" "$2"
  [ -n "$found" ] || die "there is no entry of $5"
  same "$found" "$3" "$5"
  if [ -n "$4" ]; then
    found=$(ask list-associated-access-policies "$1" "$policies")
    same "$found" "$4" "$5"
  fi
}
# KEY QUERY EXPECTED NAME
undo_entry() {
  look_up "$1" "$2"
  if [ -z "$found" ]; then return; fi
  if [ "$found" = "$3" ]; then
    eks delete-access-entry --cli-input-json "$1"
    say "deleted: $4"
  else
    say "it was changed since, and stays: $4"
  fi
}
policies=${quoted(policiesQuery)}

case $stage in prepare | finish | undo) ;; *) die 'say nothing, finish or undo' ;; esac
errors=$(mktemp)
trap 'rm -f "$errors"' EXIT
[ "$(aws sts get-caller-identity --query Account --output text)" = ${quoted(accountId)} ] ||
  die ${quoted(`these credentials are not of account ${printable(accountId)}`)}
describe
[ "$arn" = ${quoted(clusterArn)} ] || die 'this is not the cluster the script was made for'
if [ "$mode" = API ]; then
  case $stage in
  # Entries for people whom nothing lets in now would let them in.
  prepare) die 'the cluster is in mode API already: aws-auth lets nobody in' ;;
  undo) die 'in mode API the entries are all there is: deleting them would shut everybody out' ;;
  esac
  say 'mode is API already'
  exit 0
fi

${speaksToCluster('it tells whether aws-auth is still what this was made for')}\
${awsAuthData === undefined ? "say 'aws-auth was not compared with what this was made for: see that nobody has changed it'" : comparison(awsAuthData)}

if [ "$stage" = undo ]; then
${indented(entries.toReversed().map(undoLine))}
  say 'undone: aws-auth lets them in again'
${bindings.length === 0 ? '' : "  say 'the new bindings stay, and give nobody anything'\n"}\
  exit 0
fi

if [ "$stage" = prepare ]; then
  if [ ! -e "aws-auth-$cluster.yaml" ]; then
    backup=$(kubectl --namespace kube-system get configmap aws-auth --ignore-not-found --output yaml)
    (umask 077; printf '%s\\n' "$backup" >"aws-auth-$cluster.yaml")
  fi
  say "aws-auth is kept in aws-auth-$cluster.yaml"
${bindings.length === 0 ? '' : bindingsStep(bindings.map((binding) => JSON.stringify(rbacManifest(binding))))}\
  [ "$mode" != CONFIG_MAP ] || switch_to API_AND_CONFIG_MAP
${creatorArn === undefined ? '' : creatorStep(key(plan, creatorArn), printable(creatorArn))}\
${indented(entries.flatMap(createLines))}

  say 'every entry is as planned; aws-auth still counts beside them'
  say 'see that nodes stay Ready and people get in; then run this script again with: finish'
  exit 0
fi

${entries.map(verifyLine).join('\n')}
switch_to API
say 'aws-auth counts no more; delete it when you like: kubectl -n kube-system delete configmap aws-auth'
`;

  function createLines(entry: PlannedEntry): readonly string[] {
    const { principalArn, policies, replacesStale } = entry;
    const own = key(plan, principalArn);
    const stale = accessEntries.find((one) => one.principalArn === principalArn);
    const who = quoted(printable(principalArn));
    return [
      ...(replacesStale && stale !== undefined ? staleLines(own, stale, who) : []),
      `ensure_entry ${own} ${quoted(JSON.stringify(creation(plan, entry)))} ${expectation(entry)} ${policiesOf(entry)} ${who}`,
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

  function verifyLine(entry: PlannedEntry): string {
    const { principalArn } = entry;
    return `check_entry ${key(plan, principalArn)} ${expectation(entry)} ${policiesOf(entry)} ${quoted(printable(principalArn))}`;
  }

  function undoLine(entry: PlannedEntry): string {
    const { principalArn } = entry;
    return `undo_entry ${key(plan, principalArn)} ${expectation(entry)} ${quoted(printable(principalArn))}`;
  }
}

/** Deletes what stands in the way while it is what was read, and neither mended by somebody else nor ours. */
function staleLines(
  own: string,
  { type, username, kubernetesGroups }: SnapshotAccessEntry,
  who: string,
): readonly string[] {
  const query = `[accessEntry.tags."${replacedTag}", accessEntry.type, sort(accessEntry.kubernetesGroups), accessEntry.username]`;
  const expected = JSON.stringify([null, type, [...kubernetesGroups].sort(), username]);
  return [
    `look_up ${own} ${quoted(query)}`,
    `case $found in`,
    `'' | '["yes",'*) ;;`,
    `${quoted(expected)}) eks delete-access-entry --cli-input-json ${own}; say 'deleted an entry whose principal is gone: '${who} ;;`,
    `*) die 'the entry of a principal that is gone was changed, so make a new plan: '${who} ;;`,
    'esac',
  ];
}

const awsAuthKeys: readonly AwsAuthKey[] = ['mapRoles', 'mapUsers', 'mapAccounts'];

/**
 * The three texts that count, each with its length, so that none can look like another; absent and empty are one (eks-access-facts
 * G6). The shell takes line ends at the end away.
 */
function comparison(data: Readonly<Record<string, string>>): string {
  const texts = awsAuthKeys
    .map((name) => [name, data[name] ?? ''] as const)
    .filter(([, text]) => text !== '');
  const expected = texts.map(([name, text]) => `${name} ${Buffer.byteLength(text)}\n${text}\n`).join('');
  const template = awsAuthKeys
    .map((name) => `{{with .${name}}}${name} {{len .}}{{"\\n"}}{{.}}{{"\\n"}}{{end}}`)
    .join('');
  return `now=$(kubectl --namespace kube-system get configmap aws-auth --ignore-not-found \\
  --output ${quoted(`go-template={{with .data}}${template}{{end}}`)})
[ "$now" = ${quoted(expected.replace(/\n+$/, ''))} ] ||
  die 'aws-auth was changed since this was made, and nothing was done: make a new plan'`;
}

function bindingsStep(manifests: readonly string[]): string {
  return `  kubectl apply -f - <<'BINDINGS'
${manifests.join('\n---\n')}
BINDINGS
`;
}

function creatorStep(own: string, who: string): string {
  return `  look_up ${own} accessEntry.type
  [ -n "$found" ] || die ${quoted(`the cluster’s creator ${who} has no entry: create one with AmazonEKSClusterAdminPolicy first`)}
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

/** Query and the answer that is expected, on one line, as two words of the shell. */
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
  return `${quoted(`[${asks.join(', ')}]`)} ${quoted(JSON.stringify(answers))}`;
}

const policiesQuery =
  'sort_by(associatedAccessPolicies, &policyArn)[].[policyArn, accessScope.type, sort(accessScope.namespaces || `[]`)]';

/** What that query must answer, as a word of the shell; empty for nodes, of which it cannot be asked (eks-access-facts F12). */
function policiesOf({ type, policies }: PlannedEntry): string {
  if (type !== 'STANDARD') return "''";
  const expected = policies.map(({ policyArn, accessScope }) => [
    ...[policyArn, accessScope.type, [...accessScope.namespaces].sort()],
  ]);
  return quoted(JSON.stringify(expected.sort(([one = ''], [other = '']) => (one < other ? -1 : 1))));
}
