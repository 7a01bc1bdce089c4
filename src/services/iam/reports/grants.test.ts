import { expect, test } from 'vitest';
import { processorTimer } from '../../../../test/processortime.ts';
import { readGrants } from './grants.ts';

const allow = (element: object): string => documentOf({ Effect: 'Allow', Resource: '*', ...element });
const documentOf = (...Statement: readonly object[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement });
const own = ['cloudtrail', 'eks', 'eks-auth', 'iam', 'sts'];

test.each([
  ['an action', allow({ Action: 'S3:GetObject' }), ['s3']],
  ['everything', allow({ Action: '*' }), own],
  ['everything, written twice', allow({ Action: ['**', 's3:*'] }), [...own, 's3'].sort()],
  ['all but some actions of a service', allow({ NotAction: 'iam:Get*' }), own],
  ['all but a whole service', allow({ NotAction: ['iam:*', 'STS:**'] }), ['cloudtrail', 'eks', 'eks-auth']],
  ['all but everything', allow({ NotAction: ['*', 'iam:GetUser'] }), []],
  ['a Deny', documentOf({ Effect: 'Deny', Action: 's3:*', Resource: '*' }), []],
  ['what cannot be read', '', []],
])('%s reaches %j', (_, text, services) => {
  const grants = readGrants(text);
  expect(grants.services).toEqual(services);
  expect(own.filter((service) => grants.reaches(service))).toEqual(
    own.filter((service) => services.includes(service)),
  );
});

test.each([
  ['the action itself, in any case', { Action: 'IAM:getuser' }, true],
  ['another action', { Action: 'iam:GetUsers' }, false],
  ['the same action of another service', { Action: 'sts:GetUser' }, false],
  ['a pattern', { Action: ['s3:*', 'iam:G?t*r'] }, true],
  ['everything', { Action: '*' }, true],
  ['all but others', { NotAction: ['iam:List*', 's3:*'] }, true],
  ['all but the action', { NotAction: ['s3:*', 'iam:Get*'] }, false],
  ['all but everything', { NotAction: '*' }, false],
])('%s: does it allow iam:GetUser?', (_, element, expected) => {
  expect(readGrants(allow(element)).allows('iam:GetUser')).toBe(expected);
});

test('of any number of services the work grows with the length of the policy, not with its square', () => {
  const services = Array.from({ length: 12_000 }, (_, index) => `s${index.toString(36)}`);
  const spent = processorTimer();
  const grants = readGrants(allow({ Action: services.map((service) => `${service}:*`) }));
  expect(grants.services).toHaveLength(services.length);
  expect(services.every((service) => grants.reaches(service) && grants.allows(`${service}:Get`))).toBe(true);
  expect(spent()).toBeLessThan(3000);
});
