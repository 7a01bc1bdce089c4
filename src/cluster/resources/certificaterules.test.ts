import { expect, test } from 'vitest';
import type { KubeObject } from '../objects/object.ts';
import { certificateRequestRules } from './certificaterules.ts';
import type { WriteScene } from './kind.ts';

const request = (...conditions: object[]): KubeObject => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name: 'csr' },
  status: { conditions: conditions as [] },
});
const approved = { type: 'Approved', status: 'True', reason: 'r' };
const failed = { type: 'Failed', status: 'True' };

test.each<[string, KubeObject, KubeObject, string | undefined]>([
  ['approves', request(), request(approved), 'updates may not add a condition of type "Approved"'],
  ['denies', request(), request({ type: 'Denied' }), 'updates may not add a condition of type "Denied"'],
  [
    'takes an approval back',
    request(approved),
    request(),
    'updates may not remove a condition of type "Approved"',
  ],
  [
    'approves for another reason',
    request(approved),
    request({ ...approved, reason: 'other' }),
    'updates may not modify a condition of type "Approved"',
  ],
  ['forgets a failure', request(failed), request(), 'updates may not remove a condition of type "Failed"'],
  ['tells of a failure', request(approved), request(approved, failed), undefined],
  ['tells of something else', request(), request({ type: 'Seen', status: 'True' }), undefined],
])('a status that %s', (_, old, next, detail) => {
  expect(certificateRequestRules.validate?.(next, old, 35).map(({ text }) => text)).toEqual(
    detail === undefined ? [] : [`Forbidden: ${detail}`],
  );
});

test('who asks for a certificate is told by the server, and what was asked for stays', () => {
  const user = { username: 'bob', uid: '', groups: ['g'], extra: {} };
  const scene = { request: { user } } as unknown as WriteScene;
  const asked = {
    ...request(),
    spec: { username: 'admin', uid: '1', extra: { a: ['b'] }, signerName: 's/s' },
  };
  const made = certificateRequestRules.complete?.(asked, undefined, scene);
  expect(made?.spec).toEqual({ username: 'bob', groups: ['g'], signerName: 's/s' });
  expect(certificateRequestRules.complete?.(asked, made, scene).spec).toEqual(made?.spec);
});
