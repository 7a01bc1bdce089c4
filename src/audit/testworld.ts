import type { Principal } from '../engine/iam/principal.ts';
import type { Storage } from '../storage/storage.ts';
import type { Call } from './calls.ts';
import type { ClusterRequest } from './requests.ts';
import { openTrail, type Trail, type TrailOptions } from './trail.ts';

/** For tests: boring, visible defaults. */
export const accountId = '111122223333';
export const noon = Date.UTC(2026, 0, 15, 12);

export const alice: Principal = {
  kind: 'user',
  accountId,
  partition: 'aws',
  arn: `arn:aws:iam::${accountId}:user/team/alice`,
  principalArn: `arn:aws:iam::${accountId}:user/team/alice`,
  userId: 'AIDAALICEEXAMPLE00001',
  principalId: 'AIDAALICEEXAMPLE00001',
  userName: 'alice',
  accessKeyId: 'AKIAALICEEXAMPLE0001',
};

/** Members of a call; undefined takes a default away. */
export type CallMembers = { readonly [Member in keyof Call]?: Call[Member] | undefined };

export function aCall(members: CallMembers = {}): Call {
  const call = {
    requestId: 'f7c1a1e2-0000-4000-8000-000000000000',
    service: 'eks',
    operation: 'DescribeCluster',
    code: 'OK',
    caller: alice,
    accessKeyId: alice.accessKeyId,
    source: { sourceIp: '192.0.2.1', secureTransport: false, userAgent: 'aws-cli/2.31', host: 'localhost' },
    region: 'us-east-1',
    at: noon,
    input: { name: 'prod' },
    output: { cluster: { name: 'prod' } },
    seconds: 0.001,
    ...members,
  };
  return call as Call;
}

export function aRequest(members: Partial<ClusterRequest> = {}): ClusterRequest {
  return {
    auditId: '0a1b2c3d-0000-4000-8000-000000000000',
    cluster: { arn: `arn:aws:eks:us-east-1:${accountId}:cluster/prod`, accountId, region: 'us-east-1' },
    requestUri: '/api/v1/namespaces/default/configmaps?limit=500',
    verb: 'list',
    sourceIp: '192.0.2.1',
    userAgent: 'kubectl/v1.34',
    receivedAt: noon,
    authentication: { outcome: 'none' },
    status: 200,
    ...members,
  };
}

/** A trail over the store, with a clock that moves by a millisecond a look and ids that count. */
export async function aTrail(
  storage: Storage,
  options: Partial<TrailOptions> & { readonly errors?: string[] } = {},
): Promise<Trail> {
  const { errors, ...rest } = options;
  return openTrail({
    storage,
    now: countingClock(),
    newId: crypto.randomUUID.bind(crypto),
    operatorAccountId: accountId,
    region: 'us-east-1',
    log: {
      error(fields, message) {
        if (errors === undefined) throw new Error(`${message}: ${JSON.stringify(fields)}`);
        errors.push(message);
      },
    },
    ...rest,
  });
}

function countingClock(start = noon): () => number {
  let at = start;
  return () => at++;
}
