import { expect, test } from 'vitest';
import { aRequest, noon } from '../testworld.ts';
import { buildEvent } from './build.ts';

const uriOf = (requestUri: string): string => buildEvent(aRequest({ requestUri }), noon).requestURI;
const hidden = 'HIDDEN_DUE_TO_SECURITY_REASONS';

test.each([
  ['/api?token=hush', `/api?token=${hidden}`],
  ['/api?limit=5&X-Amz-Security-Token=hush&watch=1', `/api?limit=5&X-Amz-Security-Token=${hidden}&watch=1`],
  ['/api?aHVzaA==', `/api?${hidden}`],
  ['/api?aHVzaA=', `/api?${hidden}`],
  ['/api?hush', `/api?${hidden}`],
  ['/api?limit=5&a%20b=hush', `/api?limit=5&${hidden}`],
  ['/api?limi%74=hush', `/api?${hidden}`],
  ['/api?__proto__=hush', `/api?${hidden}`],
])('a value in a query that nobody has looked at is not recorded: %s', (asked, recorded) => {
  expect(uriOf(asked)).toBe(recorded);
});

test('what Kubernetes clients ask for is recorded as it was asked', () => {
  const uri =
    '/api/v1/configmaps?labelSelector=app%3Dweb&fieldSelector=a%21%3Db&limit=500&continue=abc&watch=true';
  expect(uriOf(uri)).toBe(uri);
  expect(uriOf('/api/v1/pods?')).toBe('/api/v1/pods?');
});

test('the constrained mode that let an impersonation through stands beside whom it was (kubernetes-facts A17)', () => {
  const user = {
    username: 'ben',
    uid: '',
    groups: ['system:authenticated'],
    extra: {},
    impersonated: true,
  } as const;
  const event = buildEvent(
    aRequest({
      authentication: { outcome: 'authenticated', user: { ...user, username: 'ada' } },
      attributes: { kind: 'nonResource', user, verb: 'get', path: '/api' },
      constraint: 'impersonate:user-info',
    }),
    noon,
  );
  expect(event).toMatchObject({
    user: { username: 'ada' },
    impersonatedUser: { username: 'ben' },
    authenticationMetadata: { impersonationConstraint: 'impersonate:user-info' },
  });
  expect(buildEvent(aRequest(), noon)).not.toHaveProperty('authenticationMetadata');
});
