import type { PolicyKind } from '../../iam/document.ts';
import { type JsonNode, parseJson } from '../../iam/json.ts';

/**
 * What a document is, by its looks: with principals and only actions of assuming a role a trust policy, with principals
 * otherwise a resource policy, else an identity policy. Boundaries and session policies look like identity policies.
 */
export function likelyKind(text: string): PolicyKind {
  const json = parseJson(text);
  if (!json.ok) return 'identity';
  const statements = itemsOf(memberOf(json.node, 'Statement'));
  const named = statements.filter(
    (statement) => memberOf(statement, 'Principal') ?? memberOf(statement, 'NotPrincipal'),
  );
  if (named.length === 0) return 'identity';
  const actions = named.flatMap((statement) => itemsOf(memberOf(statement, 'Action')));
  const trusting = actions.every(
    (action) =>
      action.kind === 'string' &&
      /^sts:(\*|assumerole|tagsession|setsourceidentity|setcontext)/i.test(action.value),
  );
  return trusting && !named.some((statement) => memberOf(statement, 'Resource')) ? 'trust' : 'resource';
}

function memberOf(node: JsonNode, key: string): JsonNode | undefined {
  return node.kind === 'object' ? node.members.find((member) => member.key === key)?.value : undefined;
}

function itemsOf(node: JsonNode | undefined): readonly JsonNode[] {
  if (node === undefined) return [];
  return node.kind === 'array' ? node.items : [node];
}
