import { isAccountId, parseArn } from '../../engine/arn/arn.ts';
import { inheritedTags } from '../../engine/iam/inheritedtags.ts';
import type { SessionTag } from '../../engine/iam/principal.ts';
import type { OperationContract, Protocol } from '../../wire/protocols/contract.ts';
import { openContract } from '../../wire/protocols/contract.ts';
import { services } from '../../wire/protocols/services.ts';
import type { Call } from '../calls.ts';
import { secondsText } from '../times.ts';
import { decisionEvidence } from './evidence.ts';
import { isStranger, isWebIdentityCall, userIdentity } from './identity.ts';
import { cut, maximumParameters, type Writing, withoutWithheld, writeParameters } from './parameters.ts';
import { isReadOnly, tellsAnswer } from './readonly.ts';
import type { CloudTrailRecord, EntrywayData, JsonRecord } from './record.ts';
import { recordedResources } from './resources.ts';
import { vocabularyOf } from './vocabulary.ts';

export const eventVersion = '1.11';
export const ownSource = 'entryway';

/** Longest texts and parameters of a record. */
const lengths = { text: 1024, parameters: maximumParameters };
/** SECURITY: whoever can connect chooses these texts; see `store/refusals.ts`. */
const lengthsOfStrangers: typeof lengths = { text: 256, parameters: 1024 };

/** Our own operations, which the contract does not have (server/extension.ts). */
const operatorOperations = openContract({
  service: ownSource,
  protocol: 'restJson1',
  version: '1',
  xmlNamespace: '',
  target: '',
  operations: {
    CreateAccount: 'POST /entryway/v1/accounts 200 CreateAccountRequest CreateAccountResponse',
  },
  structures: {
    CreateAccountRequest: 'accountId',
    CreateAccountResponse: 'accountId! accessKeyId! secretAccessKey!',
  },
  errors: {},
});

export interface Recording {
  /** Epoch milliseconds: when it is answered. */
  readonly now: number;
  readonly newId: () => string;
  /** Whose trail takes a call of nobody we know. */
  readonly operatorAccountId: string;
}

/**
 * The records of a call: one, or two where a role of another account was assumed, whose owner must learn of it too
 * (IAM user guide, "Example cross-account AWS STS API events").
 */
export function buildRecords(call: Call, recording: Recording): readonly CloudTrailRecord[] {
  const record = buildRecord(call, recording);
  const { caller } = call;
  const owner = assumedAccount(call);
  if (caller === undefined || call.code !== 'OK' || owner === undefined || owner === caller.accountId) {
    return [record];
  }
  const shared = { ...record, sharedEventID: recording.newId() };
  const { additionalEventData: _, ...told } = shared;
  return [
    shared,
    {
      ...told,
      userIdentity: { type: 'AWSAccount', principalId: caller.userId, accountId: caller.accountId },
      eventID: recording.newId(),
      recipientAccountId: owner,
    },
  ];
}

function buildRecord(call: Call, { now, newId, operatorAccountId }: Recording): CloudTrailRecord {
  const { protocol, shape } = contractOf(call);
  const { text: longestText, parameters: longest } = isStranger(call) ? lengthsOfStrangers : lengths;
  const writing: Writing = {
    ...{ longest, vocabulary: vocabularyOf(call.service), protocol, withheld: [] },
    cluster: clusterParameter(call.service),
  };
  const given = writeParameters(shape?.input, call.input, writing);
  const requestParameters = withInheritedTags(withTokenClaims(given, call), call);
  const refused = call.code !== 'OK';
  const responseElements =
    refused || !tellsAnswer(call.operation) ? null : writeParameters(shape?.output, call.output, writing);
  const resources = recordedResources(call.resources ?? [], requestParameters);
  const evidence = evidenceOf(call);
  const { source, invokedBy } = call;
  const userAgent = invokedBy ?? source.userAgent;
  return {
    eventVersion,
    userIdentity: userIdentity(call),
    eventTime: secondsText(now),
    eventSource: eventSource(call.service),
    eventName: call.operation,
    awsRegion: call.region,
    // COMPAT: in the place of an address and an agent the service has its name (CloudTrail samples of Pod Identity).
    sourceIPAddress: invokedBy ?? source.sourceIp,
    ...(userAgent !== undefined && { userAgent: cut(userAgent, longestText) }),
    ...(refused && { errorCode: call.code }),
    ...(refused &&
      call.message !== undefined && {
        errorMessage: cut(withoutWithheld(call.message, writing.withheld), longestText),
      }),
    requestParameters,
    responseElements,
    ...(evidence !== undefined && { additionalEventData: { entryway: evidence } }),
    requestID: call.requestId,
    eventID: newId(),
    readOnly: isReadOnly(call.operation),
    ...(resources.length > 0 && { resources }),
    eventType: 'AwsApiCall',
    managementEvent: true,
    recipientAccountId: recipientOf(call) ?? operatorAccountId,
    eventCategory: 'Management',
    ...(source.secureTransport &&
      source.host !== undefined &&
      invokedBy === undefined && { tlsDetails: { clientProvidedHostHeader: cut(source.host, 255) } }),
  };
}

/** COMPAT: what EKS calls a cluster in a path, whatever the model calls it (eks-access-facts L2), and EKS Auth (J22). */
function clusterParameter(service: string): Writing['cluster'] {
  return service === 'eks-auth' ? 'clusterName' : 'name';
}

/** What a token asks for besides: CloudTrail tells it as if the caller had, and nothing of the token itself. */
function withTokenClaims(parameters: JsonRecord | null, { webIdentity }: Call): JsonRecord | null {
  if (webIdentity === undefined) return parameters;
  const { sourceIdentity, tags = [], transitiveTagKeys = [] } = webIdentity;
  return {
    ...parameters,
    ...(sourceIdentity !== undefined && { sourceIdentity }),
    ...(tags.length > 0 && { principalTags: byKey(tags) }),
    ...(transitiveTagKeys.length > 0 && { transitiveTagKeys: [...transitiveTagKeys] }),
  };
}

/** The tags that a chain of roles hands on: which pod it was, where a role of another account was assumed (CloudTrail samples of STS). */
function withInheritedTags(
  parameters: JsonRecord | null,
  { service, operation, caller }: Call,
): JsonRecord | null {
  if (service !== 'sts' || operation !== 'AssumeRole') return parameters;
  const tags = inheritedTags(caller?.session);
  return tags.length === 0 ? parameters : { incomingTransitiveTags: byKey(tags), ...parameters };
}

function byKey(tags: readonly SessionTag[]): Readonly<Record<string, string>> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}

function eventSource(service: string): string {
  return service === ownSource || service === 'unknown' ? service : `${service}.amazonaws.com`;
}

/** Without a contract nothing of input and output is told. */
function contractOf({ service, operation }: Call): {
  readonly protocol: Protocol;
  readonly shape: OperationContract | undefined;
} {
  const served = Object.hasOwn(services, service) ? services[service as keyof typeof services] : undefined;
  const isOperators = service === ownSource && served?.operation(operation) === undefined;
  const contract = isOperators ? operatorOperations : served;
  return { protocol: contract?.protocol ?? 'restJson1', shape: contract?.operation(operation) };
}

/** Undefined for a caller nobody vouched for. */
function recipientOf(call: Call): string | undefined {
  return (
    call.recipientAccountId ??
    call.caller?.accountId ??
    (isWebIdentityCall(call) ? assumedAccount(call) : undefined)
  );
}

/** The account of the role that the call wants to assume. */
function assumedAccount({ service, operation, input }: Call): string | undefined {
  if (service !== 'sts' || !operation.startsWith('AssumeRole')) return undefined;
  const roleArn =
    typeof input === 'object' && input !== null && 'RoleArn' in input ? input.RoleArn : undefined;
  const accountId = typeof roleArn === 'string' ? parseArn(roleArn)?.accountId : undefined;
  return accountId !== undefined && isAccountId(accountId) ? accountId : undefined;
}

function evidenceOf({ decision, action }: Call): EntrywayData | undefined {
  return decision === undefined ? undefined : { decision: decisionEvidence(decision, action) };
}
