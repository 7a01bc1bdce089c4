import { BlockList, isIPv4, isIPv6 } from 'node:net';
import type { OutboundIssuers } from '../dependencies.ts';

/**
 * May this server connect to the address, looking for an identity provider's keys?
 *
 * SECURITY: who creates a provider chooses the host, so without this a user of IAM could make the server knock at
 * whatever it can reach. `public` allows what is routed on the internet and nothing else; `private` adds private networks
 * and this machine, but never an address where clouds serve their machines' credentials.
 */
export function mayReach(address: string, reach: OutboundIssuers): boolean {
  const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
  if (family === undefined || special.check(address, family)) return false;
  const isLocal = local.check(address, family);
  switch (reach) {
    case 'none':
      return false;
    case 'public':
      return !isLocal && (family === 'ipv4' || globalUnicast.check(address, family));
    case 'private':
      return isLocal || family === 'ipv4' || globalUnicast.check(address, family);
    default:
      return reach satisfies never;
  }
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
 * The only IPv6 addresses that the internet routes, and IPv4 written as IPv6. What else there is hides an IPv4 address
 * (`::127.0.0.1`, `::ffff:0:127.0.0.1`, `64:ff9b::…`) or names no one host.
 */
const globalUnicast = listOf(['2000::', 3], ['::ffff:0:0', 96]);

/**
 * Addresses that name no one host of any network (RFC 6890), those that hide another address inside, and those of the
 * services that hand out credentials to a cloud's machines: link-local ones, and the ones AWS, Google, Oracle, Alibaba and
 * Azure took elsewhere. `BlockList` itself looks into `::ffff:a.b.c.d`.
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
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['fd00:ec2::', 32],
  ['fd20:ce::', 32],
  ['fd00:c1::', 32],
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
);

function listOf(...networks: readonly (readonly [network: string, prefix: number])[]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks) {
    list.addSubnet(network, prefix, isIPv4(network) ? 'ipv4' : 'ipv6');
  }
  return list;
}
