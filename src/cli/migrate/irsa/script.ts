import type { IrsaPlan, PlannedAssociation, PlannedRole } from '../../../engine/analysis/migrateirsa/plan.ts';
import { roleAnnotation } from '../../../engine/podcredentials/names.ts';
import { printable } from '../../render/printable.ts';
import { describeFunction, indented, quoted, shellFunctions, speaksToCluster } from '../shelltext.ts';

/**
 * A POSIX shell script for the AWS CLI and kubectl. Without an argument it writes trust policies and makes associations, and may
 * be run again at any time; `finish` takes away what tokens needed; `undo` leads back from either.
 *
 * SECURITY: whoever names service accounts chooses words in it, and an administrator runs this: all stand in quotes, and AWS is
 * told them inside JSON. Every answer is waited for: one that fails is neither "there is no association" nor "it is as planned".
 */
export function irsaScript(plan: IrsaPlan): string {
  const { clusterName, clusterArn, accountId, region, associations, roles } = plan;
  return `#!/bin/sh
# Puts associations of Pod Identity in the place of the annotations in cluster ${printable(clusterName)} (account ${printable(accountId)}, ${printable(region)}).
#   sh THIS-FILE          trust policies and associations, beside what is there; safe to run again
#   sh THIS-FILE finish   once the Pods were started again: annotations go, and what tokens needed
#   sh THIS-FILE undo     leads back, also after finish; start the Pods again then
set -eu

stage=\${1:-prepare}
cluster=${quoted(clusterName)}
region=${quoted(region)}

${shellFunctions}${describeFunction}\
# Puts the trust policy of the role into $trust: NAME
look_at_trust() {
  trust=$(aws iam get-role --role-name="$1" --query Role.AssumeRolePolicyDocument --output json) || die "role $1 cannot be read"
  trust=$(printf '%s\\n' "$trust" | sed 's/^ *//' | tr -d '\\n')
}
# NAME FROM TO: writes it where it is FROM, and sees that it is TO then
write_trust() {
  look_at_trust "$1"
  [ "$trust" = "$2" ] || return 0
  aws iam update-assume-role-policy --role-name="$1" --policy-document "$3"
  look_at_trust "$1"
  [ "$trust" = "$3" ] || die "the trust policy of $1 is not as planned"
  say "trust policy of $1 written"
}
# NAME PLANNED...: ends where the trust policy is none of them
expect_trust() {
  name=$1; shift
  look_at_trust "$name"
  for one in "$@"; do [ "$trust" != "$one" ] || return 0; done
  die "the trust policy of $name was changed since this was made: look at it, and make a new plan"
}
# Puts the id of the association into $id, '' where there is none: KEY
look_up() {
  id=$(eks list-pod-identity-associations --cli-input-json "$1" --query 'associations[0].associationId' --output text) || exit 1
  [ "$id" != None ] || id=
}
# ROLE: whether the association $id is as planned; what it is stands in $found
is_planned() {
  found=$(eks describe-pod-identity-association --cluster-name "$cluster" --association-id "$id" --output json \\
    --query 'association.[roleArn, targetRoleArn, disableSessionTags || \`false\`, policy]') || exit 1
  found=$(printf '%s\\n' "$found" | sed 's/^ *//' | tr -d '\\n')
  [ "$found" = "[\\"$1\\",null,false,null]" ]
}
# ROLE WHO: sees that the association $id is as planned
check_association() {
  is_planned "$1" || die "the association of $2 is not as planned: $found"
}
# ROLE WHO: sees that the association $id, which was there before, gives the role, perhaps as its target
check_given() {
  given=$(eks describe-pod-identity-association --cluster-name "$cluster" --association-id "$id" --output text \\
    --query 'association.targetRoleArn || association.roleArn') || exit 1
  [ "$given" = "$1" ] || die "the association of $2 gives another role: $given"
}
# Puts the annotation into $annotated: NAMESPACE SERVICE-ACCOUNT
look_at_annotation() {
  annotated=$(kubectl --namespace "$1" get "serviceaccount/$2" --ignore-not-found \\
    --output ${quoted(`jsonpath={.metadata.annotations.${roleAnnotation.replaceAll('.', '\\.')}}`)}) || exit 1
}
# KEY CREATION ROLE NAMESPACE SERVICE-ACCOUNT
ensure_association() {
  look_up "$1"
  if [ -z "$id" ]; then
    look_at_annotation "$4" "$5"
    [ "$annotated" = "$3" ] || die "the annotation of $4/$5 was changed since this was made, so make a new plan"
    # It may take seconds until it is listed.
    id=$(eks create-pod-identity-association --cli-input-json "$2" --query association.associationId --output text) || exit 1
    say "associated: $4/$5"
  fi
  check_association "$3" "$4/$5"
}
# KEY ROLE NAMESPACE SERVICE-ACCOUNT CHECK: the association is there, and every Pod asks for it
check_moved() {
  look_up "$1"
  [ -n "$id" ] || die "there is no association of $3/$4"
  "$5" "$2" "$3/$4"
  pods=$(kubectl --namespace "$3" get pods --field-selector 'status.phase!=Succeeded,status.phase!=Failed' --output \\
    'jsonpath={range .items[*]}{.metadata.name} {.spec.serviceAccountName} {.spec.containers[*].env[*].name}{"\\n"}{end}') || exit 1
  stale=$(printf '%s\\n' "$pods" | awk -v account="$4" '$2 == account && (!/ AWS_CONTAINER_CREDENTIALS_FULL_URI/ || / AWS_ROLE_ARN( |$)/) { print $1 }')
  [ -z "$stale" ] || die "these Pods in $3 still ask for their role by tokens, so start them again: $stale"
}
# ROLE NAMESPACE SERVICE-ACCOUNT
take_annotation() {
  look_at_annotation "$2" "$3"
  [ -n "$annotated" ] || return 0
  [ "$annotated" = "$1" ] || die "the annotation of $2/$3 was changed since this was made, so make a new plan"
  kubectl --namespace "$2" annotate "serviceaccount/$3" ${roleAnnotation}- >/dev/null
  say "annotation taken away: $2/$3"
}
left=0 stays=
# Leaves something alone that somebody has changed since.
leave() { printf '%s\\n' "$*" >&2; left=1; }
# KEY ROLE NAMESPACE SERVICE-ACCOUNT
give_annotation() {
  look_at_annotation "$3" "$4"
  if [ "$annotated" = "$2" ]; then return 0; fi
  if [ -n "$annotated" ]; then leave "the annotation of $3/$4 was changed since and stays"; return 0; fi
  look_up "$1"
  if [ -z "$id" ]; then leave "somebody took the association of $3/$4 away: it gets no annotation"; return 0; fi
  there=$(kubectl --namespace "$3" get "serviceaccount/$4" --ignore-not-found --output name) || exit 1
  if [ -z "$there" ]; then leave "service account $3/$4 does not exist any more"; return 0; fi
  kubectl --namespace "$3" annotate "serviceaccount/$4" "${roleAnnotation}=$2" >/dev/null
  say "annotated: $3/$4"
}
# KEY ROLE NAMESPACE SERVICE-ACCOUNT
undo_association() {
  look_up "$1"
  [ -n "$id" ] || return 0
  look_at_annotation "$3" "$4"
  # With another annotation its Pods would have another role.
  if [ -n "$annotated" ] && [ "$annotated" != "$2" ]; then stays=1; leave "the association of $3/$4 stays"; return 0; fi
  if ! is_planned "$2"; then stays=1; leave "the association of $3/$4 was changed since and stays: $found"; return 0; fi
  eks delete-pod-identity-association --cluster-name "$cluster" --association-id "$id" >/dev/null
  say "association deleted: $3/$4"
}

case $stage in prepare | finish | undo) ;; *) die 'say nothing, finish or undo' ;; esac
describe
[ "$arn" = ${quoted(clusterArn)} ] || die 'this is not the cluster the script was made for'
${speaksToCluster('it tells which role a service account is annotated with')}
# Trust policies before, with what Pod Identity needs, and without what tokens needed.
${roles.flatMap(documentLines).join('\n')}

# All are looked at before the first is written.
${roles.map(({ roleName }, at) => `expect_trust ${quoted(roleName)} "$before_${at}" "$prepared_${at}" "$finished_${at}"`).join('\n')}

if [ "$stage" = undo ]; then
${indented([
  ...trustLines('finished', 'prepared'),
  ...associations.map((one) => `give_annotation ${key(plan, one)} ${accountWords(one)}`),
  ...associations
    .filter(({ isThere }) => !isThere)
    .toReversed()
    .map((one) => `undo_association ${key(plan, one)} ${accountWords(one)}`),
  `[ -z "$stays" ] || die 'trust policies keep what these associations need: mend them, and run this again'`,
  ...trustLines('prepared', 'before'),
])}
  say 'undone: start the Pods again, so that they ask by tokens'
  exit "$left"
fi

if [ "$stage" = prepare ]; then
${indented([
  ...trustLines('before', 'prepared'),
  ...associations
    .filter(({ isThere }) => !isThere)
    .map(
      (one) =>
        `ensure_association ${key(plan, one)} ${quoted(JSON.stringify(association(plan, one)))} ${accountWords(one)}`,
    ),
])}
  say 'every association is as planned; Pods that run keep what they have'
  say 'start the Pods again, see that all is well, then run this script with: finish'
  exit 0
fi

${[
  ...associations.map(
    (one) =>
      `check_moved ${key(plan, one)} ${accountWords(one)} ${one.isThere ? 'check_given' : 'check_association'}`,
  ),
  ...associations.map((one) => `take_annotation ${accountWords(one)}`),
  ...trustLines('prepared', 'finished'),
].join('\n')}
say 'done: these service accounts have their roles by Pod Identity alone'
`;

  /** Of the roles of which the step is one at all. */
  function trustLines(from: TrustStep, to: TrustStep): readonly string[] {
    return roles.flatMap((role, at) =>
      role[from] === role[to] ? [] : [`write_trust ${quoted(role.roleName)} "$${from}_${at}" "$${to}_${at}"`],
    );
  }
}

/** What CreatePodIdentityAssociation is sent. */
function association(
  { clusterName }: Pick<IrsaPlan, 'clusterName'>,
  { namespace, serviceAccount, roleArn }: PlannedAssociation,
): Readonly<Record<string, string>> {
  return { clusterName, namespace, serviceAccount, roleArn };
}

function key({ clusterName }: IrsaPlan, { namespace, serviceAccount }: PlannedAssociation): string {
  return quoted(JSON.stringify({ clusterName, namespace, serviceAccount }));
}

function accountWords({ roleArn, namespace, serviceAccount }: PlannedAssociation): string {
  return [roleArn, namespace, serviceAccount].map(quoted).join(' ');
}

const steps = ['before', 'prepared', 'finished'] as const;
type TrustStep = (typeof steps)[number];

function documentLines(role: PlannedRole, at: number): readonly string[] {
  return steps.map((step) => `${step}_${at}=${quoted(asPrinted(role[step]))}`);
}

/** As the AWS CLI prints JSON, on one line: a space behind the colon of a member, none behind commas that ended lines. */
function asPrinted(text: string): string {
  return JSON.stringify(JSON.parse(text), undefined, 1)
    .split('\n')
    .map((line) => line.trimStart())
    .join('');
}
