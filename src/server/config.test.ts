import { describe, expect, test } from 'vitest';
import {
  ConfigError,
  isLoopback,
  parseAccountId,
  parseAgentUri,
  parseAlertWebhook,
  parseIssuerAddress,
  parseListenAddress,
  parseRegion,
  parseTrailSize,
  parseWebhookNames,
  requireLoopback,
} from './config.ts';

describe('an address to listen on', () => {
  test.each([
    ['127.0.0.1:4700', { host: '127.0.0.1', port: 4700 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    [':4700', { host: '127.0.0.1', port: 4700 }],
    ['[::1]:65535', { host: '::1', port: 65535 }],
    ['0.0.0.0:1', { host: '0.0.0.0', port: 1 }],
  ])('%s is read', (text, address) => {
    expect(parseListenAddress(text, '--aws-listen')).toEqual(address);
  });

  test.each([
    '',
    '4700',
    'localhost',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1:http',
    '::1:4700',
    '[::1]',
    '[x]:1',
    'a b:1',
    'http://x:1',
    '1:2:3',
    'x:1\n',
  ])('%j is refused', (text) => {
    expect(() => parseListenAddress(text, '--aws-listen')).toThrow(ConfigError);
  });
});

describe('an address for issuers', () => {
  test.each([
    ['https://issuer.example.com', 'https://issuer.example.com'],
    ['https://issuer.example.com/', 'https://issuer.example.com'],
    ['https://issuer.example.com/a/b-c_d~1', 'https://issuer.example.com/a/b-c_d~1'],
    ['https://issuer', 'https://issuer'],
  ])('%s is read', (text, address) => {
    expect(parseIssuerAddress(text)).toBe(address);
  });

  test.each([
    '',
    'issuer.example.com',
    'http://issuer.example.com',
    'https://',
    'https:///a',
    'https://issuer.example.com:8443',
    'https://user@issuer.example.com',
    'https://Issuer.example.com',
    'https://issuer.example.com?a=b',
    'https://issuer.example.com/?',
    'https://issuer.example.com/#a',
    'https://issuer.example.com//',
    'https://issuer.example.com//a',
    'https://issuer.example.com/a/../b',
    'https://issuer.example.com/.',
    'https://issuer.example.com/*',
    'https://*.example.com',
    'https://issuer.example.com/a b',
    'https://issuer.example.com/%61',
    'https://issuer..example.com',
    'https://[::1]',
    'https://issuer.example.com\n',
    `https://${'a'.repeat(60)}.example.com/${'b'.repeat(200)}`,
  ])('%j is refused', (text) => {
    expect(() => parseIssuerAddress(text)).toThrow(ConfigError);
  });
});

describe('without a flag only this machine is listened to', () => {
  test.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1'])('%s is this machine', (host) => {
    expect(isLoopback(host)).toBe(true);
    requireLoopback({ host, port: 1 }, '--aws-listen');
  });

  test.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '127.0.0.1.example.com',
    'localhost.example.com',
    '1127.0.0.1',
    '',
    '::ffff:127.0.0.1',
    'LOCALHOST',
  ])('%j is refused', (host) => {
    expect(() => requireLoopback({ host, port: 1 }, '--aws-listen')).toThrow(/reachable from other machines/);
  });
});

test.each(['', '11112222333', '1111222233334', '11112222333a', '１１１１２２２２３３３３', '111122223333\n'])(
  'account %j is refused',
  (text) => {
    expect(() => parseAccountId(text)).toThrow(ConfigError);
  },
);

test.each(['us-east-1', 'eu-central-2', 'ap-southeast-4', 'mx-central-1', 'il-central-1'])(
  'region %s is taken',
  (text) => {
    expect(parseRegion(text)).toBe(text);
  },
);

test.each([
  '',
  'us',
  'US-EAST-1',
  'us_east_1',
  'us-east-1/x',
  'us-east-1\n',
  'cn-north-1',
  'us-gov-west-1',
  'us-iso-east-1',
  'us-isob-east-1',
  'eu-isoe-west-1',
  'eusc-de-east-1',
])('region %j is refused', (text) => {
  expect(() => parseRegion(text)).toThrow(ConfigError);
});

test.each([
  ['hooks.example.com', /is not a URL/],
  ['', /is not a URL/],
  ['http://hooks.example.com/', /is not https/],
  ['javascript:alert(1)', /is not https/],
  ['https://user:pass@hooks.example.com/', /carries credentials/],
  ['https://hooks.example.com/#x', /has a fragment/],
])('alerts are not sent to `%s`', (text, complaint) => {
  const parse = () => parseAlertWebhook(text, undefined);
  expect(parse).toThrow(ConfigError);
  expect(parse).toThrow(complaint);
});

test('a short secret is refused; the white space around one does not count', () => {
  const url = 'https://hooks.example.com/x';
  expect(() => parseAlertWebhook(url, ' short \n')).toThrow(/shorter than 16 bytes/);
  expect(() => parseAlertWebhook(url, '')).toThrow(/shorter than 16 bytes/);
  expect(parseAlertWebhook(url, 'sixteen or more bytes\n')).toEqual({
    url: new URL(url),
    secret: 'sixteen or more bytes',
  });
  expect(parseAlertWebhook(url, undefined)).toEqual({ url: new URL(url) });
});

test('the size of the trail is whole mebibytes, at least 16', () => {
  expect(parseTrailSize('16')).toBe(16 * 2 ** 20);
  for (const text of ['', '15', '0', '-1', '1e3', '2GiB', '99999999']) {
    expect(() => parseTrailSize(text)).toThrow(ConfigError);
  }
});

describe('names of the webhooks', () => {
  test.each(['entryway', 'entryway.example.com', 'Host-1', '10.0.0.7', '2001:db8::1'])(
    '`%s` is taken',
    (name) => {
      expect(parseWebhookNames([name])).toEqual([name]);
    },
  );

  test.each([
    '',
    'https://entryway.example.com',
    'entryway.example.com:4744',
    '[::1]',
    '-x',
    'a..b',
    'a b',
    'x\n',
    '*.example.com',
    `${'x'.repeat(64)}.com`,
  ])('`%s` is refused: no certificate can be made for it', (name) => {
    expect(() => parseWebhookNames(['ok.example.com', name])).toThrow(ConfigError);
  });
});

test.each([
  ['http://127.0.0.1:4780/v1/credentials', true],
  ['http://localhost:4780/v1/credentials', true],
  ['http://[::1]:4780/v1/credentials', true],
  ['http://169.254.170.23/v1/credentials', true],
  ['http://[fd00:ec2::23]/v1/credentials', true],
  ['https://agent.example.com/v1/credentials', true],
  ['http://agent.example.com/v1/credentials', false],
  ['http://169.254.169.254/v1/credentials', false],
  ['http://user:secret@127.0.0.1/v1/credentials', false],
  ['ftp://127.0.0.1/v1/credentials', false],
  ['127.0.0.1:4780', false],
  ['', false],
])('the agent at %s is one that SDKs ask: %s', (text, isOne) => {
  if (isOne) expect(parseAgentUri(text)).toBe(text);
  else expect(() => parseAgentUri(text)).toThrow(ConfigError);
});
