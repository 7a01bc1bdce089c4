import { type AwsEvent, actorOf, serviceOf, succeeded, textAt } from '../event.ts';
import { grantsEverything, revokesSessions, trustsEverybody } from '../policydocument.ts';
import { type AlertRule, type Finding, onAws } from '../rule.ts';

const parameter = (event: AwsEvent, name: string): string | undefined =>
  textAt(event.record, 'requestParameters', name);

/** Whose permissions a call changes, or which policy it writes. */
function targetOf(event: AwsEvent): string {
  const of = (kind: string): string | undefined => {
    const name = parameter(event, `${kind}Name`);
    return name === undefined ? undefined : `${kind} ${name}`;
  };
  return (
    of('role') ?? of('user') ?? of('group') ?? parameter(event, 'policyArn') ?? of('policy') ?? 'a policy'
  );
}

/** An alert about each successful IAM call of these names for which `holds`. */
function whenIam(
  names: readonly string[],
  holds: (event: AwsEvent) => boolean = () => true,
): (event: AwsEvent) => Finding | undefined {
  return (event) => {
    const name = textAt(event.record, 'eventName') ?? '';
    if (serviceOf(event) !== 'iam' || !succeeded(event) || !names.includes(name) || !holds(event))
      return undefined;
    const target = targetOf(event);
    return { subject: target, summary: `${actorOf(event)} called ${name} on ${target}` };
  };
}

const kinds = ['User', 'Group', 'Role'];
const attachments = kinds.map((kind) => `Attach${kind}Policy`);
const inlineWrites = kinds.map((kind) => `Put${kind}Policy`);
const documentWrites = [...inlineWrites, 'CreatePolicy', 'CreatePolicyVersion'];
const changes = [
  ...attachments,
  ...inlineWrites,
  ...kinds.flatMap((kind) => [`Detach${kind}Policy`, `Delete${kind}Policy`]),
  'CreatePolicyVersion',
  'SetDefaultPolicyVersion',
  'DeletePolicyVersion',
  'DeletePolicy',
  'AddUserToGroup',
  'RemoveUserFromGroup',
];

const administratorPolicies = /^arn:[^:]*:iam::aws:policy\/(?:AdministratorAccess|IAMFullAccess)$/;

/** Policies: who may do what. */
export const permissionRules: readonly AlertRule[] = [
  {
    id: 'EW-TRAIL-010',
    kind: 'event',
    severity: 'low',
    title: 'Somebody’s permissions changed',
    why: 'Each such change is a decision about who may do what, and should have a reason.',
    look: 'The policy now: `aws iam get-role-policy`, `get-policy-version`, `list-attached-role-policies`.',
    find: onAws(whenIam(changes)),
  },
  {
    id: 'EW-TRAIL-011',
    kind: 'event',
    severity: 'high',
    title: 'Somebody was made an administrator',
    why: 'A policy that allows everything, or everything in IAM, leaves nothing that its holder cannot take.',
    look: 'Whether it was agreed. Otherwise detach it, then look at what the holder did since.',
    find: onAws(
      whenIam([...attachments, ...documentWrites], (event) =>
        documentWrites.includes(textAt(event.record, 'eventName') ?? '')
          ? grantsEverything(parameter(event, 'policyDocument'))
          : administratorPolicies.test(parameter(event, 'policyArn') ?? ''),
      ),
    ),
  },
  {
    id: 'EW-TRAIL-012',
    kind: 'event',
    severity: 'medium',
    title: 'A role’s trust policy changed',
    why: 'It says who can become the role.',
    look: 'The new document: `aws iam get-role --role-name NAME`.',
    find: onAws(whenIam(['UpdateAssumeRolePolicy'])),
  },
  {
    id: 'EW-TRAIL-013',
    kind: 'event',
    severity: 'high',
    title: 'A role trusts everybody',
    why: 'Anybody with any AWS credential known here can become the role.',
    look: 'Name the accounts or roles that need it, or add a condition.',
    find: onAws(
      whenIam(['CreateRole', 'UpdateAssumeRolePolicy'], (event) =>
        trustsEverybody(parameter(event, 'policyDocument') ?? parameter(event, 'assumeRolePolicyDocument')),
      ),
    ),
  },
  {
    id: 'EW-TRAIL-014',
    kind: 'event',
    severity: 'high',
    title: 'A permissions boundary was changed or taken away',
    why: 'The boundary is what keeps delegated administrators from giving themselves more.',
    look: 'Whether the boundary still stands: `aws iam get-role` or `get-user` shows it.',
    find: onAws(
      whenIam([
        'PutUserPermissionsBoundary',
        'PutRolePermissionsBoundary',
        'DeleteUserPermissionsBoundary',
        'DeleteRolePermissionsBoundary',
      ]),
    ),
  },
  {
    id: 'EW-TRAIL-015',
    kind: 'event',
    severity: 'low',
    title: 'Sessions of a principal were revoked',
    why: 'Somebody judged that sessions were in wrong hands; the rest of the team should know.',
    look: 'Who revoked them and why, and what those sessions did before: `entryway trail --principal ARN`.',
    find: onAws(whenIam(inlineWrites, (event) => revokesSessions(parameter(event, 'policyDocument')))),
  },
];
