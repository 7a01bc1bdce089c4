import { reservedPrefix } from './reserved.ts';

export interface NodeNames {
  /** Template. */
  readonly username: string;
  readonly groups: readonly string[];
}

/**
 * What EKS itself gives to entries of node types (eks-access-facts B3, G17), and nothing more than that.
 * COMPAT: only EC2_LINUX's groups are documented (B3); the others follow aws-auth without the bootstrap group. Of EC2 and
 * HYPERPOD_LINUX the username is not documented either.
 */
export const nodeTypes = {
  EC2_LINUX: { username: 'system:node:{{EC2PrivateDNSName}}', groups: ['system:nodes'] },
  EC2_WINDOWS: {
    username: 'system:node:{{EC2PrivateDNSName}}',
    groups: ['eks:kube-proxy-windows', 'system:nodes'],
  },
  FARGATE_LINUX: {
    username: 'system:node:{{SessionName}}',
    groups: ['system:node-proxier', 'system:nodes'],
  },
  EC2: { username: 'system:node:{{EC2PrivateDNSName}}', groups: ['system:nodes'] },
  HYBRID_LINUX: { username: 'system:node:{{SessionName}}', groups: ['system:nodes'] },
  HYPERPOD_LINUX: { username: 'system:node:{{SessionName}}', groups: ['system:nodes'] },
} as const satisfies Readonly<Record<string, NodeNames>>;

export type NodeType = keyof typeof nodeTypes;
const nodeUsernamePrefix = 'system:node:';
const nodeGroups: ReadonlySet<string> = new Set([
  'system:bootstrappers',
  'system:nodes',
  'system:node-proxier',
  'eks:kube-proxy-windows',
]);

/**
 * The first name, as rendered, that an access entry of the type must not give; undefined when all are fine.
 *
 * SECURITY: this is checked at login, too, not only when an entry is written: a template may render to a reserved
 * name, and `system:masters` must be out of reach of access entries whoever wrote the record (B28).
 */
export function reservedNameIn(
  type: string,
  username: string,
  groups: readonly string[],
): string | undefined {
  // A type nobody knows gets what customers get.
  const isNode = Object.hasOwn(nodeTypes, type);
  if (reservedPrefix(username) !== undefined && !(isNode && username.startsWith(nodeUsernamePrefix))) {
    return username;
  }
  return groups.find((group) => reservedPrefix(group) !== undefined && !(isNode && nodeGroups.has(group)));
}
