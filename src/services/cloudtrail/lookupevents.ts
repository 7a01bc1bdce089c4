import type {
  Event,
  LookupAttribute,
  LookupEventsCommandInput,
  LookupEventsCommandOutput,
} from '@aws-sdk/client-cloudtrail';
import { resourcesOf, userNameOf } from '../../audit/attributes.ts';
import type { TrailItem, TrailPosition } from '../../audit/item.ts';
import type { TrailQuery } from '../../audit/trail.ts';
import { AwsError } from '../../wire/protocols/errors.ts';
import type { PageTokens } from '../../wire/protocols/pagetoken.ts';
import { defineOperation, type Operation, type OperationContext } from '../operation.ts';
import type { CloudTrailDependencies } from './operations.ts';

type Input = Omit<LookupEventsCommandInput, '$metadata'>;
type Output = Omit<LookupEventsCommandOutput, '$metadata'>;

/** Keys LookupEvents knows; our own further ones are not asked for over this API. */
const attributeKeys = [
  'EventId',
  'EventName',
  'ReadOnly',
  'Username',
  'ResourceType',
  'ResourceName',
  'EventSource',
  'AccessKeyId',
] as const;

const maximumPage = 50;
const maximumValue = 2000;
/** COMPAT: AWS does not say how long a token lives; this leaves a person time between two pages. */
const tokenLifetimeMs = 3_600_000;

/** Events of the caller's account, newest first (CloudTrail API reference, LookupEvents). */
export function createLookupEvents({ trail, pageTokens }: CloudTrailDependencies): Operation {
  return defineOperation<Input, Output>({
    authorization: () => ({ action: 'cloudtrail:LookupEvents', resources: ['*'] }),
    async handle(input, context) {
      const query = readQuery(input, context);
      if (query === 'nothing') return { Events: [] };
      const { limit: _, ...chosen } = query;
      const scope = JSON.stringify(['LookupEvents', context.region, chosen]);
      const after = readToken(pageTokens, scope, input.NextToken, context.now);
      const page = await trail.read({ ...query, ...(after !== undefined && { after }) });
      return {
        Events: page.items.flatMap(shownEvent),
        ...(page.next !== undefined && {
          NextToken: pageTokens.seal(scope, `${context.now} ${page.next}`),
        }),
      };
    },
  });
}

/** What is asked for; `nothing` where an answer without events is certain. */
function readQuery(input: Input, { caller }: OperationContext): TrailQuery | 'nothing' {
  const limit = input.MaxResults ?? maximumPage;
  if (!Number.isInteger(limit) || limit < 1 || limit > maximumPage) {
    throw new AwsError(
      'InvalidMaxResultsException',
      `A value of ${limit} for MaxResults is not valid. Specify a value between 1 and ${maximumPage}.`,
    );
  }
  const from = input.StartTime?.getTime();
  const to = input.EndTime?.getTime();
  if (from !== undefined && to !== undefined && from > to) {
    throw new AwsError('InvalidTimeRangeException', 'Start time is after end time.');
  }
  const attribute = readAttribute(input.LookupAttributes ?? []);
  const category: string | undefined = input.EventCategory;
  if (category !== undefined && category !== 'insight') {
    throw new AwsError('InvalidEventCategoryException', `Event category ${category} is not valid.`);
  }
  // We have no Insights; asking for their events is allowed and finds none.
  if (category === 'insight') return 'nothing';
  return {
    accountId: caller.accountId,
    kind: 'aws',
    limit,
    ...(attribute !== undefined && { attribute }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
  };
}

function readAttribute(attributes: readonly LookupAttribute[]): TrailQuery['attribute'] {
  const [attribute] = attributes;
  if (attribute === undefined) return undefined;
  if (attributes.length > 1) throw invalidAttributes('You can specify only one lookup attribute.');
  const key = attributeKeys.find((known) => known === attribute.AttributeKey);
  if (key === undefined) {
    throw invalidAttributes(`Lookup attribute key ${String(attribute.AttributeKey)} is not valid.`);
  }
  const value = attribute.AttributeValue ?? '';
  if (value === '' || value.length > maximumValue) {
    throw invalidAttributes(
      `The value of lookup attribute ${key} must have 1 to ${maximumValue} characters.`,
    );
  }
  // COMPAT: the AWS CLI's documentation writes `true`, some people `True`.
  return { key, value: key === 'ReadOnly' ? value.toLowerCase() : value };
}

function invalidAttributes(message: string): AwsError {
  return new AwsError('InvalidLookupAttributesException', message);
}

/** SECURITY: a token answers only the query, account and region it was made for; those are in its scope. */
function readToken(
  pageTokens: PageTokens,
  scope: string,
  token: string | undefined,
  now: number,
): TrailPosition | undefined {
  if (token === undefined) return undefined;
  const opened = pageTokens.open(scope, token);
  const [issued = '', position] = opened?.split(' ') ?? [];
  const age = now - Number(issued);
  if (position === undefined || !(age <= tokenLifetimeMs)) {
    throw new AwsError('InvalidNextTokenException', 'The next token is not valid or has expired.');
  }
  return position;
}

function shownEvent(item: TrailItem): readonly Event[] {
  if (item.kind !== 'aws') return [];
  const { record } = item;
  const { userIdentity } = record;
  const username = userNameOf(userIdentity);
  return [
    {
      EventId: record.eventID,
      EventName: record.eventName,
      ReadOnly: String(record.readOnly),
      ...(userIdentity.accessKeyId !== undefined && { AccessKeyId: userIdentity.accessKeyId }),
      EventTime: new Date(record.eventTime),
      EventSource: record.eventSource,
      ...(username !== undefined && { Username: username }),
      Resources: resourcesOf(record).map(({ type, name }) => ({ ResourceType: type, ResourceName: name })),
      CloudTrailEvent: JSON.stringify(record),
    },
  ];
}
