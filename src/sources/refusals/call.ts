import type { Refusal } from '../../engine/analysis/explain/last.ts';
import { parsePrincipalArn } from '../../engine/arn/principalarn.ts';
import { cloudTrailUses } from '../usage/cloudtrail.ts';
import { type Fields, fieldsAt, isFields, listAt, textAt } from '../usage/fields.ts';

/** Codes of calls that were not allowed. */
const notAllowed = /^(?:AccessDenied|Client\.Unauthori[sz]ed|Unauthori[sz]ed|NotAuthorized|Forbidden)/;

/** Codes of calls whose caller was not believed, with what to do next (iam-facts H). */
const credentialHints: Readonly<Record<string, string>> = {
  ExpiredToken: 'sign in again (`aws sso login`, or assume the role anew)',
  RequestExpired: 'set the clock of the machine by NTP, and call again',
  InvalidClientTokenId:
    'look at which access key is used with `aws configure list`: this server has none of that id, or it is inactive',
  UnrecognizedClient:
    'look at which access key is used with `aws configure list`: this server has none of that id, or it is inactive',
  InvalidAccessKeyId: 'look at which access key is used with `aws configure list`: there is none of that id',
  SignatureDoesNotMatch: 'look at the secret access key: it does not belong to the access key id',
  InvalidSignature: 'look at the secret access key: it does not belong to the access key id',
  IncompleteSignature: 'let an AWS SDK or the AWS CLI sign the call: this signature lacks something',
  MissingAuthenticationToken: 'sign the call: it came without a credential',
};

/** The same of calls that bring a token of a pod: of that it is which was not believed (iam-facts I15, eks-access-facts J15). */
const tokenHints: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AssumeRoleWithWebIdentity: {
    ExpiredToken: 'let the SDK read the token’s file for each call: the kubelet renews it there',
    InvalidIdentityToken:
      'compare issuer and audience of the token with `aws iam list-open-id-connect-providers` and the client ids of the provider; `entryway explain pod` follows the rest',
    IDPCommunicationError:
      'look at whether this server reaches the issuer’s documents: it must be `serve --oidc-issuers public`, or `private`',
  },
  AssumeRoleForPodIdentity: {
    ExpiredToken: 'let the agent’s caller read the token’s file for each call: the kubelet renews it there',
    InvalidToken:
      'look at `entryway cluster issuer show`: the token must be signed by the cluster it is for, and be that of a pod',
  },
};

const own = <Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined =>
  Object.hasOwn(record, name) ? record[name] : undefined;

/** A CloudTrail record of a call that was refused. */
export function callRefusal(record: Fields): Refusal | undefined {
  const code = textAt(record, 'errorCode');
  if (code === undefined) return undefined;
  const credential = code.replace(/Exception$/, '');
  const hints = own(tokenHints, textAt(record, 'eventName') ?? '') ?? {};
  const credentialHint = own(hints, credential) ?? own(credentialHints, credential);
  if (credentialHint === undefined && !notAllowed.test(code)) return undefined;
  const identity = fieldsAt(record, 'userIdentity');
  const decided = fieldsAt(fieldsAt(fieldsAt(record, 'additionalEventData'), 'entryway'), 'decision');
  const found = cloudTrailUses(record);
  const uses = 'uses' in found ? found.uses.filter(({ allowed }) => !allowed) : [];
  const session = parsePrincipalArn(textAt(identity, 'arn') ?? '');
  const unrepeatable = credentialHint === undefined ? unrepeatableOf(record, decided) : undefined;
  return {
    id: textAt(record, 'eventID') ?? '',
    at: textAt(record, 'eventTime') ?? '',
    who: whoOf(identity),
    what: [
      `${(textAt(record, 'eventSource') ?? '').replace(/\.amazonaws\.com(?:\.cn)?$/, '')}:${textAt(record, 'eventName') ?? ''}`,
      ...resourcesOf(record),
    ].join(' '),
    why:
      [code, textAt(record, 'errorMessage')].filter((part) => part !== undefined).join(': ') +
      statementsText(decided),
    uses,
    ...(session?.kind === 'assumedRole' && { sessionName: session.sessionName }),
    ...(credentialHint !== undefined && { authentication: { code, hint: credentialHint } }),
    ...(unrepeatable !== undefined && { unrepeatable }),
  };
}

/** The session by its ARN, whoever is known by theirs, and for nobody we know the access key they named. */
function whoOf(identity: Fields | undefined): string {
  return (
    textAt(identity, 'arn') ??
    textAt(identity, 'userName') ??
    textAt(identity, 'invokedBy') ??
    textAt(identity, 'accessKeyId') ??
    'unknown'
  );
}

function resourcesOf(record: Fields): readonly string[] {
  return listAt(record, 'resources').flatMap((one) => (isFields(one) ? (textAt(one, 'ARN') ?? []) : []));
}

/** The statements that decided, else the one that came nearest, as the trail of an Entryway server has them. */
function statementsText(decided: Fields | undefined): string {
  const named = (one: Fields): string =>
    `statement ${Number(one.index) + 1} of ${textAt(one, 'policyType') ?? ''} policy \`${textAt(one, 'policy') ?? ''}\``;
  const deciding = listAt(decided, 'statements').filter(isFields);
  if (deciding.length > 0) return deciding.map((one) => `; ${named(one)} decided`).join('');
  const [nearest] = listAt(decided, 'misses').filter(isFields);
  return nearest === undefined
    ? ''
    : `; nearest: ${named(nearest)}, by its ${textAt(nearest, 'element') ?? ''} it is not for this`;
}

/** What refused it that is in no snapshot: who was allowed by policies may have been refused for something else. */
function unrepeatableOf(record: Fields, decided: Fields | undefined): string | undefined {
  const step = textAt(decided, 'step');
  if (step === 'session') return 'the session’s own policy refused it, which is known to no snapshot';
  if (step === 'credential') return 'the kind of its credential was refused, which is known to no snapshot';
  // A trail of ours says what policies decided; where they were not asked, a block of the session or key stood before.
  const isOurs = decided === undefined && fieldsAt(record, 'additionalEventData') !== undefined;
  const isBlocked = / is blocked on this server$/.test(textAt(record, 'errorMessage') ?? '');
  return isBlocked || isOurs
    ? 'something else than policies refused it, such as a block of its access key or session'
    : undefined;
}
