import { secondsText } from '../times.ts';
import { eventVersion, ownSource, type Recording } from './build.ts';
import type { CloudTrailRecord, EntrywayData } from './record.ts';

/** What the trail has to say of itself, in the same form as everything else it holds. */
export function buildNotice(
  eventName: 'RecordsLost' | 'RefusalsCounted' | 'RecordsRemoved' | 'TrailDamaged',
  data: EntrywayData,
  { now, newId, operatorAccountId, region }: Recording & { readonly region: string },
): CloudTrailRecord {
  return {
    eventVersion,
    userIdentity: { type: 'AWSService', invokedBy: ownSource },
    eventTime: secondsText(now),
    eventSource: ownSource,
    eventName,
    awsRegion: region,
    sourceIPAddress: ownSource,
    userAgent: ownSource,
    requestParameters: null,
    responseElements: null,
    additionalEventData: { entryway: data },
    eventID: newId(),
    readOnly: false,
    eventType: 'AwsServiceEvent',
    managementEvent: true,
    recipientAccountId: operatorAccountId,
    eventCategory: 'Management',
  };
}
