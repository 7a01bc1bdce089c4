import {
  actionsMatching,
  isKnownService,
  type KnownAction,
} from '../../engine/analysis/catalogue/catalogue.ts';
import type { AccessUse } from '../../engine/analysis/usage/use.ts';
import { compileWildcard } from '../../engine/arn/wildcard.ts';
import { type Fields, fieldsAt, isFields, listAt, textAt, timeAt } from './fields.ts';
import { secondPermissions } from './secondpermissions.ts';

/** What a record comes to: uses, perhaps none, and what they may lack; or why it cannot be understood. */
export type RecordUses =
  | { readonly uses: readonly AccessUse[]; readonly doubt?: string }
  | { readonly gap: string };

const none: RecordUses = { uses: [] };

export function isCloudTrailRecord(record: Fields): boolean {
  return textAt(record, 'eventSource') !== undefined && textAt(record, 'eventName') !== undefined;
}

/** The use a CloudTrail record tells, with the permission it took. */
export function cloudTrailUses(record: Fields): RecordUses {
  const type = textAt(record, 'eventType');
  // Sign-ins, and what services and the trail tell of themselves, need no permission.
  if (type !== undefined && type !== 'AwsApiCall') return none;
  const at = timeAt(record, 'eventTime');
  if (at === undefined) return { gap: 'the record has no eventTime' };
  const identity = fieldsAt(record, 'userIdentity');
  // Of another account's principal only the account is told, and its own trail has the call.
  if (isNobody(identity)) return none;
  const who = whoOf(identity);
  if (who === undefined) return { gap: 'the record does not say whose call it was' };
  const allowed = wasAllowed(record);
  if (allowed === undefined) return none;
  const action = actionOf(record);
  if ('gap' in action) return action;
  const use = (name: string, resources: readonly string[]): AccessUse => {
    return { at, who, did: { kind: 'aws', action: name, resources }, allowed };
  };
  const parameters = fieldsAt(record, 'requestParameters');
  const second = allowed ? secondPermissions(action.name, parameters) : [];
  const passed = new Set(
    second.flatMap(({ action: name, resources }) => (name === 'iam:PassRole' ? resources : [])),
  );
  const resources = judgedResources(action, record).filter((arn) => !passed.has(arn));
  return {
    uses: [
      use(action.name, resources),
      ...second.map((one) => use(one.action, one.resources === 'same' ? resources : one.resources)),
    ],
    // CloudTrail leaves out parameters above 100 KB, and tags or a role may be among them.
    ...(allowed && parameters?.omitted === true && { doubt: omitted }),
  };
}

const omitted =
  'the record leaves out the parameters of the call: whether it took a second permission (iam:PassRole, tagging) is not known';

/**
 * The ARNs a call was judged on; none where the record does not tell for certain. Our own trail does. CloudTrail's names what
 * a call was about, which may be less or something else than what IAM compares with policies.
 */
function judgedResources({ resourceTypes }: KnownAction, record: Fields): readonly string[] {
  const arns = listAt(record, 'resources').flatMap(
    (resource) => (isFields(resource) ? textAt(resource, 'ARN') : undefined) ?? [],
  );
  const isOurs = fieldsAt(record, 'additionalEventData') !== undefined && decidedAction(record) !== undefined;
  if (!isOurs && resourceTypes.length !== 1) return [];
  const forms = resourceTypes.map(({ arn }) => compileWildcard(arn));
  return arns.every((arn) => forms.some((fits) => fits(arn))) ? arns : [];
}

/** What our own server asked IAM for. */
function decidedAction(record: Fields): string | undefined {
  return textAt(
    fieldsAt(fieldsAt(fieldsAt(record, 'additionalEventData'), 'entryway'), 'decision'),
    'action',
  );
}

function isNobody(identity: Fields | undefined): boolean {
  const type = textAt(identity, 'type') ?? '';
  return ['AWSAccount', 'AWSService', 'WebIdentityUser', 'SAMLUser'].includes(type);
}

function whoOf(identity: Fields | undefined): AccessUse['who'] | undefined {
  const type = textAt(identity, 'type');
  const issuer = fieldsAt(fieldsAt(identity, 'sessionContext'), 'sessionIssuer');
  // The session's own ARN names its role as well.
  const source = type === 'FederatedUser' ? issuer : type === 'AssumedRole' ? (issuer ?? identity) : identity;
  const principalArn = textAt(source, 'arn');
  const principalId = textAt(source, 'principalId')?.split(':')[0];
  if (principalArn === undefined && principalId === undefined) return undefined;
  return {
    ...(principalArn !== undefined && { principalArn }),
    ...(principalId !== undefined && { principalId }),
  };
}

const refusals = /(?:AccessDenied|Unauthori[sz]ed|NotAuthorized|Forbidden|NotPermitted)/i;
/** Whoever is not known, or not believed, used nothing of anybody's; neither did who was turned away before IAM was asked. */
const notAsked =
  /(?:ExpiredToken|InvalidClientTokenId|SignatureDoesNotMatch|MissingAuthenticationToken|IncompleteSignature|InvalidToken|InvalidAccessKeyId|AuthFailure|OptInRequired|Throttl|RequestLimitExceeded|TooManyRequests|^Validation|Malformed|InvalidAction|MissingAction)/i;

/** A call that failed for another reason had its permission. Undefined: nobody was asked, as far as is known. */
function wasAllowed(record: Fields): boolean | undefined {
  const code = textAt(record, 'errorCode');
  if (code === undefined) return true;
  if (notAsked.test(code)) return undefined;
  return !refusals.test(code);
}

/** The permission of a call: what our own server says it asked for, else by the catalogue, where nearly every action is called as its operation. */
function actionOf(record: Fields): KnownAction | { readonly gap: string } {
  const source = textAt(record, 'eventSource') ?? '';
  const name = textAt(record, 'eventName') ?? '';
  const service = source.replace(/\.amazonaws\.com(?:\.cn)?$/, '');
  const called = decidedAction(record) ?? `${service}:${name}`;
  const [action, ...others] = /^[a-z-]+:[A-Za-z0-9]+$/.test(called) ? actionsMatching(called) : [];
  if (action !== undefined && others.length === 0) return action;
  return {
    gap: isKnownService(service)
      ? `\`${service}:${name}\` is no action of IAM that is known; which permission it took is not`
      : `calls of \`${source}\` are not looked at: which permission \`${name}\` took is not known`,
  };
}
