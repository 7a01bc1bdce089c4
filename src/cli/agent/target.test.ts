import { expect, test } from 'vitest';
import type { ReadyFile } from '../../server/readyfile.ts';
import { type TargetOptions, targetOf } from './target.ts';

const server: ReadyFile = {
  ...{ awsEndpoint: 'http://127.0.0.1:4700', kubernetesEndpoint: 'https://127.0.0.1:4743' },
  ...{ caFile: 'ca', accountId: '111122223333', region: 'eu-west-1', dataDir: 'data', pid: 1 },
};
const elsewhere = 'https://entryway.example.com';

test.each<readonly [what: string, options: TargetOptions, env: Record<string, string>, endpoint: string]>([
  ['nothing', {}, {}, server.awsEndpoint],
  ['the environment', {}, { AWS_ENDPOINT_URL: elsewhere }, elsewhere],
  [
    'the environment, for this service',
    {},
    { AWS_ENDPOINT_URL: 'https://other.example.com', AWS_ENDPOINT_URL_EKS_AUTH: elsewhere },
    elsewhere,
  ],
  ['a directory and the environment', { data: 'data' }, { AWS_ENDPOINT_URL: elsewhere }, server.awsEndpoint],
  ['an option and a directory', { data: 'data', endpoint: `${elsewhere}/` }, {}, elsewhere],
  ['plain HTTP to this machine', { endpoint: 'http://[::1]:4700' }, {}, 'http://[::1]:4700'],
  [
    'plain HTTP to another, as wanted',
    { endpoint: 'http://10.0.0.1', allowRemote: true },
    {},
    'http://10.0.0.1',
  ],
])('with %s the agent asks there', (_, options, env, endpoint) => {
  expect(targetOf(options, server, env)).toEqual({ endpoint, region: 'eu-west-1' });
});

test.each([
  'http://10.0.0.1:4700',
  'http://localhost.example.com',
  'ftp://127.0.0.1',
  'https://user@entryway.example.com',
  'https://example.com/entryway',
  'entryway',
])('the agent does not send tokens to `%s`', (endpoint) => {
  expect(() => targetOf({ endpoint }, server, {})).toThrow(/plain HTTP|is not a URL/);
});

test('the region is that of options, of the environment, of the server, in this order', () => {
  const regionOf = (options: TargetOptions, env: Record<string, string>): string =>
    targetOf({ endpoint: elsewhere, ...options }, server, env).region;
  expect(regionOf({ region: 'us-west-2' }, { AWS_REGION: 'us-east-2' })).toBe('us-west-2');
  expect(regionOf({}, { AWS_REGION: 'us-east-2' })).toBe('us-east-2');
  // A variable without a value is none.
  expect(regionOf({}, { AWS_REGION: '', AWS_DEFAULT_REGION: 'us-east-2' })).toBe('us-east-2');
  expect(() => targetOf({ endpoint: elsewhere }, undefined, {})).toThrow('no region is known');
});
