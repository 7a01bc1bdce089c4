import type { Call } from '../../audit/calls.ts';
import { parseArn } from '../../engine/arn/arn.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import type { AccessEntryRecord } from '../../storage/records/eks.ts';

/**
 * What the trail tells of an entry that was tied to its principal: an event of our own, `PinAccessEntry`, by the principal
 * that came, about the entry, to the account of the cluster: the principal's account is AWS's. It happens inside another
 * request, so that nothing is known of where that came from.
 */
export function pinCall(pin: {
  readonly entry: AccessEntryRecord;
  readonly principal: Principal;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly requestId: string;
}): Call {
  const { entry, principal, at, requestId } = pin;
  const { region = '', accountId } = parseArn(entry.accessEntryArn) ?? {};
  return {
    requestId,
    service: 'entryway',
    operation: 'PinAccessEntry',
    code: 'OK',
    caller: principal,
    ...(accountId !== undefined && { recipientAccountId: accountId }),
    accessKeyId: principal.accessKeyId,
    source: { sourceIp: 'entryway', secureTransport: false },
    region,
    at,
    resources: [entry.accessEntryArn],
    seconds: 0,
  };
}
