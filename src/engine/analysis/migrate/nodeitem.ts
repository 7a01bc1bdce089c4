import { type NodeType, nodeTypes } from '../../identity/nodetypes.ts';

/**
 * The type of the entry for an item that lets nodes in; undefined for any other item (eks-access-facts G17, B3). Windows and
 * Fargate nodes are told by the groups only they have; other nodes whose name is their session's are hybrid.
 */
export function nodeTypeOf(username: string, groups: readonly string[]): NodeType | undefined {
  switch (username) {
    case nodeTypes.EC2_LINUX.username:
      return groups.includes('eks:kube-proxy-windows') ? 'EC2_WINDOWS' : 'EC2_LINUX';
    case nodeTypes.FARGATE_LINUX.username:
      return groups.includes('system:node-proxier') ? 'FARGATE_LINUX' : 'HYBRID_LINUX';
    default:
      return undefined;
  }
}

/**
 * Whether Kubernetes takes whom the item lets in for a node, though it is called as no entry calls one: under another name
 * it would be a node no longer (kubernetes-facts C).
 */
export function isNodeOfOtherName({
  username,
  groups,
}: {
  readonly username: string;
  readonly groups: readonly string[];
}): boolean {
  return username.startsWith('system:node:') && groups.includes('system:nodes');
}

/**
 * Groups the type would give and the item does not.
 *
 * SECURITY: whoever is called like a node and is not in its group is no node today; an entry of a node type would make it
 * one.
 */
export function groupsGivenToo(type: NodeType, groups: readonly string[]): readonly string[] {
  return nodeTypes[type].groups.filter((group) => !groups.includes(group));
}
