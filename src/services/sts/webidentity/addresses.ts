import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { OutboundIssuers } from '../dependencies.ts';

/**
 * May this server connect to the address, looking for an identity provider's keys?
 *
 * SECURITY: who creates a provider chooses the host, so without this a user of IAM could make the server knock at
 * whatever it can reach. `public` allows what is routed on the internet and nothing else; `private` adds private networks
 * and this machine, but never link-local addresses, where clouds serve their machines' credentials.
 */
export function mayReach(address: string, reach: OutboundIssuers): boolean {
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
  if (family === undefined) return false;
  switch (reach) {
    case 'none':
      return false;
    case 'public':
      return !special.check(address, family) && !isPrivate(address, family);
    case 'private':
      return !special.check(address, family);
    default:
      return reach satisfies never;
  }
}

function isPrivate(address: string, family: 'ipv4' | 'ipv6'): boolean {
  return local.check(address, family);
}

/** This machine and private networks: RFC 1918, RFC 6598, RFC 4193. */
const local = listOf(
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['::1', 128],
  ['fc00::', 7],
);

/**
 * Addresses that name no one host of any network (RFC 6890), and those that hide another address inside: an IPv4 address
 * behind a translator is asked for as IPv4 or not at all. `BlockList` itself looks into `::ffff:a.b.c.d`.
 */
const special = listOf(
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 128],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
);

function listOf(...networks: readonly (readonly [network: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks) {
    list.addSubnet(network, prefix, isIPv4(network) ? 'ipv4' : 'ipv6');
  }
  return list;
}
