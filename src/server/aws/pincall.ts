import type { Call } from '../../audit/calls.ts';
import type { Principal } from '../../engine/iam/principal.ts';
import type { AccessEntryRecord } from '../../storage/records/eks.ts';

/**
 * What the trail tells of an entry that was tied to its principal: an event of our own, `PinAccessEntry`, by the principal
 * that came, about the entry. It happens inside another request, so that nothing is known of where that came from.
 */
export function pinCall(pin: {
  readonly entry: AccessEntryRecord;
  readonly principal: Principal;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly region: string;
  readonly requestId: string;
}): Call {
  const { entry, principal, at, region, requestId } = pin;
  return {
    requestId,
    service: 'entryway',
    operation: 'PinAccessEntry',
    code: 'OK',
    caller: principal,
    accessKeyId: principal.accessKeyId,
    source: { sourceIp: 'entryway', secureTransport: false },
    region,
    at,
    resources: [entry.accessEntryArn],
    seconds: 0,
  };
}
