import { actionsMatching, isKnownService } from '../../engine/analysis/catalogue/catalogue.ts';
import type { AccessUse } from '../../engine/analysis/usage/use.ts';
import { isAccountId } from '../../engine/arn/arn.ts';
import { type Fields, fieldsAt, isFields, listAt, textAt } from './fields.ts';

/** What a record comes to: uses, perhaps none; or why it cannot be understood. */
export type RecordUses = { readonly uses: readonly AccessUse[] } | { readonly gap: string };

const none: RecordUses = { uses: [] };

export function isCloudTrailRecord(record: Fields): boolean {
  return textAt(record, 'eventSource') !== undefined && textAt(record, 'eventName') !== undefined;
}

/** The use a CloudTrail record tells, with the permission it took. */
export function cloudTrailUses(record: Fields): RecordUses {
  const type = textAt(record, 'eventType');
  // Sign-ins, and what services and the trail tell of themselves, need no permission.
  if (type !== undefined && type !== 'AwsApiCall') return none;
  const at = Date.parse(textAt(record, 'eventTime') ?? '');
  if (Number.isNaN(at)) return { gap: 'the record has no eventTime' };
  const identity = fieldsAt(record, 'userIdentity');
  const who = whoOf(identity);
  // Of another account's principal only the account is told, and its own trail has the call.
  if (who === undefined) return none;
  const allowed = wasAllowed(record);
  if (allowed === undefined) return none;
  const decided = fieldsAt(fieldsAt(fieldsAt(record, 'additionalEventData'), 'entryway'), 'decision');
  const action = textAt(decided, 'action') ?? actionOf(record);
  if (typeof action !== 'string') return action;
  const resources = listAt(record, 'resources').flatMap((resource) => {
    const arn = isFields(resource) ? textAt(resource, 'ARN') : undefined;
    return arn === undefined ? [] : [arn];
  });
  const use = (did: AccessUse['did']): AccessUse => ({ at, who, did, allowed });
  const passed = allowed ? passedRole(action, fieldsAt(record, 'requestParameters')) : undefined;
  return {
    uses: [
      use({
        kind: 'aws',
        action,
        resources: passed === undefined ? resources : resources.filter((arn) => arn !== passed),
      }),
      // A service is handed the role by the same call, which took a second permission (iam-facts E14).
      ...(passed === undefined ? [] : [use({ kind: 'aws', action: 'iam:PassRole', resources: [passed] })]),
    ],
  };
}

function whoOf(identity: Fields | undefined): AccessUse['who'] | undefined {
  const type = textAt(identity, 'type');
  if (type === 'AWSAccount' || type === 'AWSService' || type === 'WebIdentityUser' || type === 'SAMLUser')
    return undefined;
  const issuer = fieldsAt(fieldsAt(identity, 'sessionContext'), 'sessionIssuer');
  const source = type === 'AssumedRole' || type === 'FederatedUser' ? issuer : identity;
  const principalArn = textAt(source, 'arn');
  const principalId = textAt(source, 'principalId')?.split(':')[0];
  if (principalArn === undefined && principalId === undefined) return undefined;
  return {
    ...(principalArn !== undefined && { principalArn }),
    ...(principalId !== undefined && { principalId }),
  };
}

const refusals = /(?:AccessDenied|Unauthori[sz]edOperation|UnauthorizedAccess|NotAuthorized)/i;
/** Whoever is not known, or not believed, used nothing of anybody's. */
const unauthenticated =
  /(?:ExpiredToken|InvalidClientTokenId|SignatureDoesNotMatch|MissingAuthenticationToken|IncompleteSignature|InvalidToken|InvalidAccessKeyId|AuthFailure)/i;

/** A call that failed for another reason had its permission. Undefined: nobody was asked. */
function wasAllowed(record: Fields): boolean | undefined {
  const code = textAt(record, 'errorCode');
  if (code === undefined) return true;
  if (unauthenticated.test(code)) return undefined;
  return !refusals.test(code);
}

/** The permission of a call by the catalogue, where nearly every action is called as its operation. */
function actionOf(record: Fields): string | { readonly gap: string } {
  const source = textAt(record, 'eventSource') ?? '';
  const name = textAt(record, 'eventName') ?? '';
  const service = source.replace(/\.amazonaws\.com(?:\.cn)?$/, '');
  const [action, ...others] = /^[A-Za-z0-9]+$/.test(name) ? actionsMatching(`${service}:${name}`) : [];
  if (action !== undefined && others.length === 0) return action.name;
  return {
    gap: isKnownService(service)
      ? `\`${service}:${name}\` is no action of IAM that is known; which permission it took is not`
      : `calls of \`${source}\` are not looked at: which permission \`${name}\` took is not known`,
  };
}

/** Parameters in which calls to EKS name a role that EKS is to have. */
const roleParameters: Readonly<Record<string, readonly string[]>> = {
  'eks:CreateCluster': ['roleArn'],
  'eks:RegisterCluster': ['roleArn'],
  'eks:CreateNodegroup': ['nodeRole'],
  'eks:CreateFargateProfile': ['podExecutionRoleArn'],
  'eks:CreateAddon': ['serviceAccountRoleArn'],
  'eks:UpdateAddon': ['serviceAccountRoleArn'],
  'eks:CreatePodIdentityAssociation': ['roleArn'],
  'eks:UpdatePodIdentityAssociation': ['roleArn'],
};

function passedRole(action: string, parameters: Fields | undefined): string | undefined {
  const connector = fieldsAt(parameters, 'connectorConfig');
  // An entry of these types hands the role to nodes (eks-access-facts B8).
  const isNodes =
    action === 'eks:CreateAccessEntry' && /^EC2_(?:LINUX|WINDOWS)$/i.test(textAt(parameters, 'type') ?? '');
  const names = isNodes
    ? ['principalArn']
    : Object.hasOwn(roleParameters, action)
      ? (roleParameters[action] ?? [])
      : [];
  for (const name of names) {
    const arn = textAt(parameters, name) ?? textAt(connector, name);
    if (arn !== undefined && isAccountId(arn.split(':')[4] ?? '') && arn.includes(':role/')) return arn;
  }
  return undefined;
}
