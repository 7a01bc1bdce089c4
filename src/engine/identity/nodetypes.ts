import { reservedPrefix } from './reserved.ts';

/** What EKS itself gives to entries of node types (eks-access-facts B3, G17), and nothing more than that. */
const nodeTypes: ReadonlySet<string> = new Set([
  'EC2_LINUX',
  'EC2_WINDOWS',
  'FARGATE_LINUX',
  'EC2',
  'HYBRID_LINUX',
  'HYPERPOD_LINUX',
]);
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
  const isNode = nodeTypes.has(type);
  if (reservedPrefix(username) !== undefined && !(isNode && username.startsWith(nodeUsernamePrefix))) {
    return username;
  }
  return groups.find((group) => reservedPrefix(group) !== undefined && !(isNode && nodeGroups.has(group)));
}
