import { describe, expect, test } from 'vitest';
import type { Authentication, AuthenticationEvidence } from '../access/access.ts';
import { buildEvent } from '../audit/kubernetes/build.ts';
import type { ClusterRequest } from '../audit/requests.ts';
import { createVerdictRecords } from './verdictrecords.ts';
import type { JudgedToken } from './webhooks.ts';

const minute = 60_000;
const ada = { username: 'ada', uid: 'u', groups: [], extra: {} };
const arn = 'arn:aws:eks:us-east-1:111122223333:cluster/edge';

function opened() {
  const records: ClusterRequest[] = [];
  let ids = 0;
  const judged = createVerdictRecords({
    recorder: { record: (request) => void records.push(request) },
    newId: () => `id-${ids++}`,
  });
  const tell = (authentication: Authentication, at = 0, clusterId = 'c1'): void =>
    judged({
      cluster: { cluster: { clusterId, arn, accountId: '111122223333', region: 'us-east-1' } },
      authentication,
      sourceIp: '192.0.2.7',
      userAgent: 'kube-apiserver/v1.34.2',
      receivedAt: at,
    } as unknown as JudgedToken);
  return { records, tell };
}

const evidence = (change: Partial<AuthenticationEvidence> = {}): AuthenticationEvidence => ({
  step: 'identity',
  code: 'accessEntry',
  message: 'm',
  accessKeyId: 'ASIAEXAMPLE',
  principalArn: 'arn:aws:iam::111122223333:role/ops',
  principalId: 'AROAEXAMPLE',
  ...change,
});
const accepted = (change = {}, user = ada): Authentication => ({
  outcome: 'authenticated',
  user,
  evidence: evidence(change),
});
const refused = (change: Partial<AuthenticationEvidence>): Authentication => ({
  outcome: 'refused',
  evidence: evidence({ code: 'noMapping', ...change }),
});

test('a verdict is recorded as a request for a TokenReview, with who it is about and nothing of the token', () => {
  const { records, tell } = opened();
  tell(accepted());
  tell(refused({}));
  const [yes, no] = records.map((record) => buildEvent(record, 1));
  expect(yes).toMatchObject({
    auditID: 'id-0',
    verb: 'create',
    requestURI: '/apis/authentication.k8s.io/v1/tokenreviews',
    user: { username: 'ada' },
    objectRef: { resource: 'tokenreviews', apiGroup: 'authentication.k8s.io' },
    responseStatus: { code: 201 },
    sourceIPs: ['192.0.2.7'],
    annotations: {
      'entryway/cluster-arn': arn,
      'entryway/access-key-id': 'ASIAEXAMPLE',
      'entryway/principal-id': 'AROAEXAMPLE',
    },
  });
  expect(no).toMatchObject({
    user: {},
    responseStatus: { code: 401, reason: 'Unauthorized' },
    annotations: { 'entryway/authentication': 'noMapping' },
  });
});

describe('what is recorded', () => {
  const once = accepted();
  test.each<readonly [string, readonly (readonly [Authentication, number, string?])[], number]>([
    [
      'the same within five minutes, once',
      [
        [once, 0],
        [once, 5 * minute - 1],
      ],
      1,
    ],
    [
      'the same after five minutes, again',
      [
        [once, 0],
        [once, 5 * minute],
      ],
      2,
    ],
    [
      'the same when the clock has gone back, again',
      [
        [once, 10],
        [once, 0],
      ],
      2,
    ],
    [
      'the same of another cluster',
      [
        [once, 0],
        [once, 0, 'c2'],
      ],
      2,
    ],
    [
      'another key',
      [
        [once, 0],
        [accepted({ accessKeyId: 'ASIAOTHER' }), 0],
      ],
      2,
    ],
    [
      'another outcome',
      [
        [once, 0],
        [refused({}), 0],
      ],
      2,
    ],
    [
      'another name of the same',
      [
        [once, 0],
        [accepted({}, { ...ada, username: 'eve' }), 0],
      ],
      2,
    ],
    [
      'what was let in without a key, an ID token',
      [
        [
          {
            outcome: 'authenticated',
            user: ada,
            evidence: { step: 'identity', code: 'identityProvider', message: '' },
          },
          0,
        ],
      ],
      1,
    ],
    [
      'a key that is made up',
      [
        [
          {
            outcome: 'refused',
            evidence: { step: 'caller', code: 'unknownKey', message: '', accessKeyId: 'AKIAX' },
          },
          0,
        ],
      ],
      1,
    ],
    [
      'garbage: nothing',
      [[{ outcome: 'refused', evidence: { step: 'credential', code: 'badBase64', message: '' } }, 0]],
      0,
    ],
    ['no verdict: nothing', [[{ outcome: 'unavailable', evidence: evidence() }, 0]], 0],
  ])('%s', (_, verdicts, count) => {
    const { records, tell } = opened();
    for (const [authentication, at, clusterId] of verdicts) tell(authentication, at, clusterId);
    expect(records).toHaveLength(count);
  });

  test('keys that are made up make no real verdict forgotten', () => {
    const { records, tell } = opened();
    tell(once);
    for (let count = 0; count < 20_000; count += 1) {
      tell({
        outcome: 'refused',
        evidence: { step: 'caller', code: 'unknownKey', message: '', accessKeyId: `AKIA${count}` },
      });
    }
    const before = records.length;
    tell(once, 1);
    expect(records).toHaveLength(before);
  });
});
