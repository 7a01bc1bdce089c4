import { expect, test } from 'vitest';
import { parseClusterTarget } from './target.ts';

test.each([
  '/',
  '/api/v1',
  '/clusters/111122223333/eu-central-1',
  '/clusters/11112222333/eu-central-1/demo/api',
  '/clusters/111122223333/eu-central-1/demo%2f..%2fother/api',
  '/clusters/111122223333/eu-central-1/../demo/api',
  '/clusters/111122223333/EU/demo/api',
  '/clusters/111122223333/eu-central-1//api',
  '//clusters/111122223333/eu-central-1/demo/api',
  '/clusters/111122223333/eu-central-1/demo/api#x',
  'https://host/clusters/111122223333/eu-central-1/demo/api',
])('%s is no cluster', (url) => {
  expect(parseClusterTarget(url)).toBeUndefined();
});

test.each([
  ['/clusters/111122223333/eu-central-1/demo', '/', ''],
  ['/clusters/111122223333/eu-central-1/demo/', '/', ''],
  ['/clusters/111122223333/eu-central-1/demo/api/v1/pods?watch=1&x=/a?b', '/api/v1/pods', 'watch=1&x=/a?b'],
  ['/clusters/111122223333/eu-central-1/demo/a%2fb', '/a%2fb', ''],
])('%s asks that cluster for %s', (url, path, query) => {
  expect(parseClusterTarget(url)).toEqual({
    accountId: '111122223333',
    region: 'eu-central-1',
    name: 'demo',
    path,
    query,
  });
});
