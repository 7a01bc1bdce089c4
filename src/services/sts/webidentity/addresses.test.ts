import { expect, test } from 'vitest';
import { outboundIssuers } from '../dependencies.ts';
import { mayReach } from './addresses.ts';

test.each<[string, string]>([
  ['8.8.8.8', 'public private'],
  ['203.0.114.1', 'public private'],
  ['2606:4700::1111', 'public private'],
  ['::ffff:8.8.8.8', 'public private'],
  ['127.0.0.1', 'private'],
  ['127.8.8.8', 'private'],
  ['10.0.0.1', 'private'],
  ['172.16.0.1', 'private'],
  ['172.31.255.255', 'private'],
  ['192.168.1.1', 'private'],
  ['100.64.0.1', 'private'],
  ['::1', 'private'],
  ['fd00::1', 'private'],
  ['::ffff:127.0.0.1', 'private'],
  ['::ffff:10.0.0.1', 'private'],
  ['169.254.169.254', ''],
  ['::ffff:169.254.169.254', ''],
  ['fe80::1', ''],
  ['fd00:ec2::254', 'private'],
  ['0.0.0.0', ''],
  ['::', ''],
  ['255.255.255.255', ''],
  ['224.0.0.1', ''],
  ['192.0.2.1', ''],
  ['198.18.0.1', ''],
  ['ff02::1', ''],
  ['64:ff9b::7f00:1', ''],
  ['2002:7f00:1::', ''],
  ['2001:db8::1', ''],
  ['localhost', ''],
  ['127.1', ''],
  ['', ''],
])('%s is reached by [%s]', (address, reaches) => {
  expect(outboundIssuers.filter((reach) => mayReach(address, reach)).join(' ')).toBe(reaches);
});
