import { describe, expect, test } from 'vitest';
import { ConfigError } from '../config.ts';
import { type AwsOptions, parseAwsOptions } from './config.ts';

const nothing: AwsOptions = { sts: 'none', stsPartition: 'aws', pin: 'none', ec2: 'none' };
const sts: Partial<AwsOptions> = { sts: 'aws', stsAccounts: '111122223333' };

const parse = (options: Partial<AwsOptions>, files: Readonly<Record<string, string>> = {}) =>
  parseAwsOptions(
    { ...nothing, ...options },
    { region: 'eu-west-1', partition: 'aws', readFile: (path) => files[path] ?? '' },
  );

describe('refused is', () => {
  test.each<[string, Partial<AwsOptions>, string]>([
    ['STS without accounts', { sts: 'aws' }, '--sts aws needs --sts-accounts'],
    ['an empty list of accounts', { sts: 'aws', stsAccounts: '' }, 'is not a list with commas'],
    [
      'a list with a hole',
      { sts: 'aws', stsAccounts: '111122223333,,444455556666' },
      'is not a list with commas',
    ],
    [
      'more than a thousand accounts',
      {
        sts: 'aws',
        stsAccounts: Array.from({ length: 1001 }, (_, at) => `${at}`.padStart(12, '0')).join(','),
      },
      'names more than 1000 accounts',
    ],
    ['any account', { sts: 'aws', stsAccounts: '*' }, 'account `*` is not 12 digits'],
    ['a region of another partition', { ...sts, stsRegions: 'cn-north-1' }, 'partition other than `aws`'],
    ['a region that is a host', { ...sts, stsRegions: 'us-east-1.evil.example' }, 'is not a region name'],
    ['another partition', { ...sts, stsPartition: 'aws-cn' }, 'this server is of partition `aws`'],
    ['another partition without STS', { stsPartition: 'aws-us-gov' }, 'this server is of partition `aws`'],
    ['no partition at all', { ...sts, stsPartition: 'azure' }, 'is no partition of AWS'],
    ['an address without a port', { ...sts, stsConnect: 'vpce.example' }, 'is not HOST:PORT'],
    ['port 0', { ...sts, stsConnect: '127.0.0.1:0' }, 'has no port'],
    ['a file without certificates', { ...sts, stsCa: 'empty' }, '--sts-ca `empty` holds no certificate'],
    ['a file with a broken one', { ...sts, stsCa: 'broken' }, 'a certificate that cannot be read'],
    [
      'accounts without STS',
      { stsAccounts: '111122223333' },
      '--sts-accounts changes nothing without --sts aws',
    ],
    ['regions without STS', { stsRegions: 'us-east-1' }, '--sts-regions changes nothing'],
    ['an address of STS without STS', { stsConnect: '127.0.0.1:1' }, '--sts-connect changes nothing'],
    ['a pin without STS', { pin: 'first-use' }, '--pin changes nothing without --sts aws'],
    ['credentials that nobody uses', { awsCredentials: 'x' }, 'without --sts aws or --ec2 aws'],
    ['EC2 without credentials', { ec2: 'aws' }, '--ec2 aws needs --aws-credentials'],
    ['a profile without credentials', { ...sts, awsProfile: 'x' }, '--aws-profile changes nothing'],
    [
      'an address of AWS without credentials',
      { ...sts, awsConnect: '127.0.0.1:1' },
      '--aws-connect changes nothing',
    ],
  ])('%s', (_name, options, message) => {
    const files = { broken: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' };
    expect(() => parse(options, files)).toThrow(ConfigError);
    expect(() => parse(options, files)).toThrow(message);
  });
});

test('without options nothing is asked', () => {
  expect(parse({})).toBeUndefined();
});

test('STS is asked in the server’s region and at the host without one; twice named is once', () => {
  expect(parse({ sts: 'aws', stsAccounts: '111122223333, 444455556666,111122223333' })).toEqual({
    sts: {
      accounts: ['111122223333', '444455556666'],
      regions: ['eu-west-1', 'global'],
      pinsAtFirstUse: false,
    },
    stsRoute: {},
    awsRoute: {},
    asksEc2: false,
  });
});

test('regions are those that are named, and no others', () => {
  expect(parse({ ...sts, stsRegions: 'us-east-1,global', pin: 'first-use' })?.sts).toMatchObject({
    regions: ['us-east-1', 'global'],
    pinsAtFirstUse: true,
  });
});

test('a table of instances needs nothing of AWS', () => {
  expect(parse({ instances: 'table.json' })).toEqual({
    stsRoute: {},
    awsRoute: {},
    instancesFile: 'table.json',
    asksEc2: false,
  });
});

test('EC2 needs no STS', () => {
  expect(parse({ ec2: 'aws', awsCredentials: 'keys', awsConnect: 'vpce.example:443' })).toMatchObject({
    credentials: { file: 'keys', profile: 'default' },
    awsRoute: { connect: { host: 'vpce.example', port: 443 } },
    asksEc2: true,
  });
});
