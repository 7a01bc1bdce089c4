import { asText } from '../../../access/json.ts';
import { ownArn } from '../awscli/iam.ts';
import type { Fact } from '../facts.ts';
import { arnOf, type ReadResource } from './reading.ts';

type PrincipalFact = Extract<Fact, { readonly fact: 'principal' }>;
type Kind = PrincipalFact['kind'];

/** Readers by type of resource (the AWS provider's). */
export const iamResources: ReadonlyMap<string, (resource: ReadResource) => void> = new Map<
  string,
  (resource: ReadResource) => void
>([
  ['aws_caller_identity', readCaller],
  ['aws_iam_role', readPrincipal('role')],
  ['aws_iam_user', readPrincipal('user')],
  ['aws_iam_group', readPrincipal('group')],
  ...(['role', 'user', 'group'] as const).flatMap(
    (kind) =>
      [
        [`aws_iam_${kind}_policy`, readInlinePolicy(kind)],
        [`aws_iam_${kind}_policy_attachment`, readAttachment(kind)],
      ] as const,
  ),
  ['aws_iam_policy', readPolicy],
  ['aws_iam_policy_attachment', readAttachments],
  ['aws_iam_user_group_membership', readGroupsOfUser],
  ['aws_iam_group_membership', readUsersOfGroup],
  ['aws_iam_access_key', readAccessKey],
  ['aws_iam_user_login_profile', readLoginProfile],
  ['aws_iam_openid_connect_provider', readOidcProvider],
]);

function readCaller(of: ReadResource): void {
  const accountId = of.text('account_id');
  if (accountId !== undefined && /^\d{12}$/.test(accountId)) {
    of.findings.add({ fact: 'account', accountId, place: of.place });
  }
}

function readPrincipal(kind: Kind): (of: ReadResource) => void {
  return (of) => {
    const arn = arnOf(of.resource);
    if (arn === undefined) {
      of.gap('iam', 'its name is known only after apply: it is left out');
      return;
    }
    if (kind === 'role' && of.isUnknown('assume_role_policy')) {
      of.gap('iam', 'its trust policy is known only after apply');
    }
    const inline = of.blocks('inline_policy').flatMap((policy) => {
      const [name, document] = [asText(policy.name), asText(policy.policy)];
      return name === undefined || name === '' || document === undefined ? [] : [[name, document] as const];
    });
    of.findings.add({
      ...{ fact: 'principal', kind, arn },
      told: {
        principalId: of.text('unique_id'),
        createdAt: of.time('create_date'),
        tags: of.textMap('tags_all') ?? of.textMap('tags'),
        permissionsBoundaryArn: of.text('permissions_boundary') || undefined,
        trustPolicy: kind === 'role' ? of.text('assume_role_policy') : undefined,
      },
      // A data source does not tell them.
      ...(of.resource.part.mode !== 'data' && {
        inlinePolicies: Object.fromEntries(inline),
        attachedPolicyArns: of.texts('managed_policy_arns') ?? [],
      }),
      place: of.place,
    });
  };
}

/** What adds to a principal by its name. */
function addTo(
  of: ReadResource,
  kind: Kind,
  name: string | undefined,
  more: Pick<PrincipalFact, 'inlinePolicies' | 'attachedPolicyArns' | 'groupNames'> &
    Partial<Pick<PrincipalFact, 'told'>>,
): void {
  if (name === undefined) return;
  const arn = ownArn(kind, name);
  of.findings.add({ fact: 'principal', kind, arn, isPart: true, told: {}, ...more, place: of.place });
}

function readInlinePolicy(kind: Kind): (of: ReadResource) => void {
  return (of) => {
    const name = of.settled(kind, 'iam');
    const document = of.text('policy');
    const policyName = of.text('name') ?? of.resource.name;
    if (document === undefined) of.gap('iam', 'its `policy` is known only after apply: it is left out');
    else addTo(of, kind, name, { inlinePolicies: { [policyName]: document } });
  };
}

function readAttachment(kind: Kind): (of: ReadResource) => void {
  return (of) => {
    const name = of.settled(kind, 'iam');
    const policyArn = of.settled('policy_arn', 'iam');
    if (policyArn !== undefined) addTo(of, kind, name, { attachedPolicyArns: [policyArn] });
  };
}

function readPolicy(of: ReadResource): void {
  const arn = arnOf(of.resource);
  const document = of.text('policy');
  if (arn === undefined) of.gap('iam', 'its name is known only after apply: it is left out');
  else of.findings.add({ fact: 'managedPolicy', arn, document, place: of.place });
}

function readAttachments(of: ReadResource): void {
  const policyArn = of.settled('policy_arn', 'iam');
  if (policyArn === undefined) return;
  const attachedPolicyArns = [policyArn];
  for (const name of of.texts('roles') ?? []) addTo(of, 'role', name, { attachedPolicyArns });
  for (const name of of.texts('users') ?? []) addTo(of, 'user', name, { attachedPolicyArns });
  for (const name of of.texts('groups') ?? []) addTo(of, 'group', name, { attachedPolicyArns });
}

function readGroupsOfUser(of: ReadResource): void {
  addTo(of, 'user', of.settled('user', 'iam'), { groupNames: of.texts('groups') ?? [] });
}

function readUsersOfGroup(of: ReadResource): void {
  const group = of.settled('group', 'iam');
  if (group === undefined) return;
  for (const name of of.texts('users') ?? []) addTo(of, 'user', name, { groupNames: [group] });
}

/** SECURITY: the state has the secret of the key, too; it is not looked at. */
function readAccessKey(of: ReadResource): void {
  const accessKeyId = of.text('id') ?? `made by ${of.resource.address}`;
  const status = of.text('status') === 'Inactive' ? 'Inactive' : 'Active';
  addTo(of, 'user', of.settled('user', 'iam'), { told: { accessKeys: [{ accessKeyId, status }] } });
}

function readLoginProfile(of: ReadResource): void {
  addTo(of, 'user', of.settled('user', 'iam'), { told: { hasPassword: true } });
}

function readOidcProvider(of: ReadResource): void {
  const url = of.settled('url', 'iam')?.replace(/^https:\/\//, '');
  if (url === undefined) return;
  const arn = of.text('arn') ?? ownArn('oidc-provider', url);
  const clientIds = of.texts('client_id_list') ?? [];
  of.findings.add({ fact: 'oidcProvider', arn, url, clientIds, place: of.place });
}
