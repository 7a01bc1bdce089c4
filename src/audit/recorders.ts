import type { Put } from '../storage/storage.ts';
import type { Call, CallRecorder } from './calls.ts';
import { buildRecords, type Recording } from './cloudtrail/build.ts';
import { isStranger } from './cloudtrail/identity.ts';
import type { TrailPosition } from './item.ts';
import { buildEvent, isFromStranger } from './kubernetes/build.ts';
import type { ClusterRecorder, ClusterRequest } from './requests.ts';
import { lineOf, type TrailLine } from './store/lines.ts';
import type { Refusals } from './store/refusals.ts';
import type { Usage } from './usage.ts';

export interface RecorderOptions {
  readonly recording: () => Recording;
  readonly positionOf: (at: number, uniqueId: string) => TrailPosition;
  readonly usage: Pick<Usage, 'note'>;
  readonly refusals: Pick<Refusals, 'admit'>;
  /** The change that stores records together with somebody's batch. */
  readonly put: (lines: readonly TrailLine[]) => Put;
  /** Stores a record within moments. */
  readonly push: (line: TrailLine) => void;
  readonly onFailure: (error: unknown) => void;
}

/** What makes records of calls and of requests to clusters, for those that write and for those that do not. */
export function createRecorders(options: RecorderOptions): {
  readonly calls: CallRecorder;
  readonly requests: ClusterRecorder;
} {
  const { recording, positionOf, usage, refusals, put, push, onFailure } = options;

  const linesOf = (call: Call): readonly TrailLine[] => {
    const context = recording();
    return buildRecords(call, context).map((record) => {
      const { eventID, recipientAccountId: accountId } = record;
      return lineOf({ kind: 'aws', position: positionOf(context.now, eventID), accountId, record });
    });
  };
  const eventLine = (request: ClusterRequest): TrailLine => {
    const { now } = recording();
    const { auditId, cluster } = request;
    const position = positionOf(now, auditId);
    return lineOf({
      kind: 'kubernetes',
      position,
      accountId: cluster.accountId,
      event: buildEvent(request, now),
    });
  };
  const quietly = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      onFailure(error);
    }
  };

  return {
    calls: {
      recordOf(call) {
        noteCall(usage, call);
        return [put(linesOf(call))];
      },
      record: (call) =>
        quietly(() => {
          if (isStranger(call) && !refusals.admit(call.at)) return;
          noteCall(usage, call);
          for (const line of linesOf(call)) push(line);
        }),
    },
    requests: {
      recordOf(request) {
        noteRequest(usage, request);
        return [put([eventLine(request)])];
      },
      record: (request) =>
        quietly(() => {
          if (isFromStranger(request) && !refusals.admit(request.receivedAt)) return;
          noteRequest(usage, request);
          push(eventLine(request));
        }),
    },
  };
}

function noteCall(usage: Pick<Usage, 'note'>, call: Call): void {
  const { caller, at, region, service, action } = call;
  if (caller === undefined) return;
  const { accessKeyId, principalId, arn } = caller;
  const name = action?.slice(action.indexOf(':') + 1);
  usage.note({
    at,
    region,
    service,
    accessKeyId,
    principalId,
    principalArn: arn,
    ...(name !== undefined && { action: name }),
  });
}

/**
 * A cluster token is a presigned call of STS: the key and the principal were used there (token-facts 2), also when the
 * cluster then knew no such principal.
 */
function noteRequest(
  usage: Pick<Usage, 'note'>,
  { authentication, cluster, receivedAt }: ClusterRequest,
): void {
  const { accessKeyId, principalId, principalArn } = authentication;
  if (accessKeyId === undefined || principalId === undefined || principalArn === undefined) return;
  usage.note({
    at: receivedAt,
    region: cluster.region,
    service: 'sts',
    accessKeyId,
    principalId,
    principalArn,
  });
}
