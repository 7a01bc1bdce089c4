import {
  type AwsEvent,
  actorOf,
  isDenied,
  type KubernetesEvent,
  principalOf,
  serviceOf,
  sourceOf,
  statusOf,
  succeeded,
  type TrailEvent,
  textAt,
  valueAt,
} from '../event.ts';
import { type AlertRule, hour, minute, onAws, onKubernetes } from '../rule.ts';

const errorOf = (event: AwsEvent): string => textAt(event.record, 'errorCode') ?? '';

/** What the services answer to a credential that proves nothing (iam-facts H). */
const authenticationErrors = new Set([
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'ExpiredToken',
  'ExpiredTokenException',
  'RequestExpired',
  'InvalidIdentityToken',
]);

const isWrongCode = (event: AwsEvent): boolean =>
  !succeeded(event) &&
  /MultiFactorAuthentication failed|InvalidAuthenticationCode/.test(
    `${errorOf(event)} ${textAt(event.record, 'errorMessage') ?? ''}`,
  );

/** A credential that proves nothing. Who is known and has no access, or shows no credential at all, is another matter. */
function failedAuthentication(event: TrailEvent): boolean {
  if (event.kind === 'aws') return authenticationErrors.has(errorOf(event));
  const outcome = textAt(event.record, 'annotations', 'entryway/authentication');
  return statusOf(event) === 401 && outcome !== 'none' && !isKnown(event);
}

/** The credential was genuine: whose it is, is known. */
function isKnown({ record }: KubernetesEvent): boolean {
  return textAt(record, 'annotations', 'entryway/principal-id') !== undefined;
}

const trailChanges = [
  'StopLogging',
  'DeleteTrail',
  'UpdateTrail',
  'PutEventSelectors',
  'PutInsightSelectors',
  'UpdateEventDataStore',
  'DeleteEventDataStore',
  'StopEventDataStoreIngestion',
  'PutResourcePolicy',
  'DeleteResourcePolicy',
];

/** What only the root of the first account may do (`server/extension.ts`); our other operations are a matter of IAM. */
const operatorOperations = ['CreateAccount', 'ReadTrail', 'FollowTrail', 'SettleTrail', 'unknown'];

/** The trail itself, and people who try doors. */
export const attemptRules: readonly AlertRule[] = [
  {
    id: 'EW-TRAIL-030',
    kind: 'event',
    severity: 'high',
    title: 'The trail or its retention was touched',
    why: 'Who wants to hide begins with the records. An attempt that is refused is reported too.',
    look: 'Who it was, and what they did just before.',
    find: onAws((event) => {
      const name = textAt(event.record, 'eventName') ?? '';
      if (serviceOf(event) !== 'cloudtrail' || !trailChanges.includes(name)) return undefined;
      const did = succeeded(event) ? 'called' : 'tried';
      return { subject: actorOf(event), summary: `${actorOf(event)} ${did} ${name}` };
    }),
  },
  {
    id: 'EW-TRAIL-031',
    kind: 'count',
    severity: 'high',
    title: 'Many failed authentications from one address',
    why: 'Somebody tries keys, or a program runs with keys that are no longer valid.',
    look: '`entryway trail --errors --kubernetes` for the address; AWS calls and cluster tokens are counted together.',
    atLeast: 10,
    windowMs: 5 * minute,
    find(event) {
      const source = sourceOf(event);
      if (!failedAuthentication(event) || source === undefined) return undefined;
      return { subject: source, summary: `failed authentications from ${source}` };
    },
  },
  {
    id: 'EW-TRAIL-032',
    kind: 'count',
    severity: 'medium',
    title: 'Many failed authentications with one access key',
    why: 'The key’s id is known to somebody without the secret, or a program still uses a key that was taken away.',
    look: 'The addresses: `entryway trail --access-key ID --errors`.',
    atLeast: 5,
    windowMs: 5 * minute,
    find: onAws((event) => {
      const key = textAt(event.record, 'userIdentity', 'accessKeyId');
      if (!failedAuthentication(event) || key === undefined) return undefined;
      return { subject: key, summary: `failed authentications with access key ${key}` };
    }),
  },
  {
    id: 'EW-TRAIL-033',
    kind: 'count',
    severity: 'high',
    title: 'Wrong MFA codes again and again',
    why: 'Whoever tries them already holds the password or key of the user.',
    look: 'Rotate the user’s keys; ask the user about the device.',
    atLeast: 4,
    windowMs: 10 * minute,
    find: onAws((event) =>
      isWrongCode(event)
        ? { subject: principalOf(event), summary: `wrong MFA codes of ${principalOf(event)}` }
        : undefined,
    ),
  },
  {
    id: 'EW-TRAIL-034',
    kind: 'count',
    severity: 'medium',
    title: 'A burst of denied calls',
    why: 'A program lost a permission it needs, or somebody looks for what a stolen key may do.',
    look: '`entryway trail --principal ARN --errors`.',
    atLeast: 20,
    windowMs: 5 * minute,
    find: onAws((event) =>
      isDenied(event)
        ? { subject: principalOf(event), summary: `calls of ${principalOf(event)} were denied` }
        : undefined,
    ),
  },
  {
    id: 'EW-TRAIL-035',
    kind: 'count',
    severity: 'high',
    title: 'Many different calls denied to one principal',
    why: 'Programs ask for the same few things. Who asks for everything is looking around.',
    look: 'Where the calls come from, and whether the principal’s keys are still in the right hands.',
    atLeast: 10,
    windowMs: 15 * minute,
    find: onAws((event) =>
      isDenied(event)
        ? {
            subject: principalOf(event),
            summary: `different calls of ${principalOf(event)} were denied`,
            distinct: `${serviceOf(event)}:${textAt(event.record, 'eventName') ?? ''}`,
          }
        : undefined,
    ),
  },
  {
    id: 'EW-TRAIL-036',
    kind: 'count',
    severity: 'medium',
    title: 'Many Kubernetes requests refused to one identity',
    why: 'A workload lost the access it needs, or somebody tries what a stolen key or token may do.',
    look: '`entryway trail --kubernetes --errors` for that user.',
    atLeast: 30,
    windowMs: 5 * minute,
    find: onKubernetes((event) =>
      statusOf(event) === 403 || (statusOf(event) === 401 && isKnown(event))
        ? {
            subject: principalOf(event),
            summary: `Kubernetes requests of ${principalOf(event)} were refused`,
          }
        : undefined,
    ),
  },
  {
    id: 'EW-TRAIL-037',
    kind: 'event',
    severity: 'high',
    title: 'Records of the trail were lost',
    why: 'What happened meanwhile cannot be told from the trail alone.',
    look: 'The server’s log of that time: the store may have been full or broken.',
    find: onAws((event) => {
      const lost = valueAt(event.record, 'additionalEventData', 'entryway', 'lost');
      if (lost === undefined) return undefined;
      const count = String(valueAt(lost, 'count'));
      return {
        subject: 'trail',
        summary: `${count} records were lost between ${textAt(lost, 'from')} and ${textAt(lost, 'to')}`,
      };
    }),
  },
  {
    id: 'EW-TRAIL-038',
    kind: 'count',
    severity: 'medium',
    title: 'More calls were refused than were recorded one by one',
    why: 'A flood of refused calls is counted instead of recorded, so that it cannot fill the disk.',
    look: 'Who else called at the time, and who can reach this server.',
    atLeast: 1,
    windowMs: hour,
    find: onAws((event) => {
      const counted = valueAt(event.record, 'additionalEventData', 'entryway', 'unrecordedRefusals');
      if (counted === undefined) return undefined;
      return {
        subject: 'trail',
        summary: `${String(valueAt(counted, 'count'))} refused calls were only counted`,
      };
    }),
  },
  {
    id: 'EW-TRAIL-039',
    kind: 'event',
    severity: 'medium',
    title: 'Somebody else tried what only the operator may do',
    why: 'Reading everybody’s trail and making accounts is for the root of the first account; no policy allows it to others.',
    look: 'Whose key it was, and what else it was used for: `entryway trail --access-key ID`.',
    find: onAws((event) => {
      const name = textAt(event.record, 'eventName') ?? '';
      if (serviceOf(event) !== 'entryway' || !isDenied(event) || !operatorOperations.includes(name)) {
        return undefined;
      }
      return { subject: actorOf(event), summary: `${actorOf(event)} was refused ${name}` };
    }),
  },
  {
    id: 'EW-TRAIL-040',
    kind: 'event',
    severity: 'high',
    title: 'Sealed records were changed or taken away',
    why: 'Nothing but damage of the disk or a hand in the database does that. Told once at each start.',
    look: 'The last export: compare its records with those of the trail around the chunk.',
    find: onAws((event) => {
      if (serviceOf(event) !== 'entryway' || textAt(event.record, 'eventName') !== 'TrailDamaged') {
        return undefined;
      }
      const sequence = valueAt(event.record, 'additionalEventData', 'entryway', 'damaged', 'sequence');
      return { subject: 'the trail', summary: `the trail is damaged at chunk ${String(sequence)}` };
    }),
  },
];
