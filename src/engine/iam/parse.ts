import { parseConditions } from './conditionblock.ts';
import {
  type EntryList,
  type Located,
  namesPrincipals,
  type PolicyDocument,
  type PolicyKind,
  type PolicyResult,
  type PrincipalElement,
  type PrincipalType,
  type Statement,
} from './document.ts';
import { InvalidPolicy, legacyParsing, syntaxErrors } from './fault.ts';
import { type JsonMember, type JsonNode, parseJson } from './json.ts';
import type { Position } from './position.ts';

/** No API takes a longer document (iam-facts A12). */
const maxLength = 131_072;

/**
 * The grammar of a policy document (iam-facts A1 to A4, A8, D). What is well-formed but may not be written today (old
 * versions, odd ARNs) passes: stored policies keep deciding. `validatePolicy` is the check on write.
 */
export function parsePolicy(text: string, kind: PolicyKind): PolicyResult {
  try {
    return { ok: true, document: readDocument(text, kind) };
  } catch (error) {
    if (error instanceof InvalidPolicy) return { ok: false, fault: error.fault };
    throw error;
  }
}

function readDocument(text: string, kind: PolicyKind): PolicyDocument {
  if (text.length > maxLength) {
    throw new InvalidPolicy(syntaxErrors, `longer than ${maxLength} characters`, { line: 1, column: 1 });
  }
  const json = parseJson(text);
  if (!json.ok) throw new InvalidPolicy(syntaxErrors, json.detail, json.position);
  const members = membersOf(json.node, 'a policy', ['Version', 'Id', 'Statement']);
  const id = members.get('Id');
  if (id !== undefined) textOf(id.value, '`Id`');
  const statement = members.get('Statement')?.value;
  if (statement === undefined) throw new InvalidPolicy(syntaxErrors, 'no `Statement`', json.node.start);
  const statements = statement.kind === 'array' ? statement.items : [statement];
  if (statements.length === 0) throw new InvalidPolicy(syntaxErrors, 'no statements', statement.start);
  return {
    kind,
    version: readVersion(members.get('Version')?.value),
    statements: statements.map((node, index) => readStatement(node, index, kind)),
  };
}

function readVersion(node: JsonNode | undefined): PolicyDocument['version'] {
  if (node === undefined) return '2008-10-17';
  const version = textOf(node, '`Version`');
  if (version !== '2012-10-17' && version !== '2008-10-17') {
    throw new InvalidPolicy(syntaxErrors, `unknown version \`${version}\``, node.start);
  }
  return version;
}

const statementKeys = [
  'Sid',
  'Principal',
  'NotPrincipal',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
];

function readStatement(node: JsonNode, index: number, kind: PolicyKind): Statement {
  const members = membersOf(node, 'a statement', statementKeys);
  const sid = members.get('Sid');
  const effect = readEffect(node, members.get('Effect')?.value);
  const principal = readPrincipal(node, members, kind);
  const action = readEntries(members, 'Action', 'NotAction');
  if (action === undefined)
    throw new InvalidPolicy('Policy statement must contain actions.', 'no actions', node.start);
  const resource = readResource(node, members, kind);
  const condition = members.get('Condition');
  return {
    index,
    ...(sid && { sid: { value: textOf(sid.value, '`Sid`'), position: sid.value.start } }),
    effect,
    ...(principal && { principal }),
    action,
    ...(resource && { resource }),
    conditions: condition === undefined ? [] : parseConditions(condition.value),
    start: node.start,
    end: node.end,
  };
}

function readEffect(statement: JsonNode, node: JsonNode | undefined): 'Allow' | 'Deny' {
  if (node === undefined) throw new InvalidPolicy(syntaxErrors, 'no `Effect`', statement.start);
  const effect = textOf(node, '`Effect`');
  if (effect !== 'Allow' && effect !== 'Deny') {
    throw new InvalidPolicy(legacyParsing, `\`Effect\` is neither \`Allow\` nor \`Deny\``, node.start);
  }
  return effect;
}

function readResource(
  statement: JsonNode,
  members: ReadonlyMap<string, JsonMember>,
  kind: PolicyKind,
): EntryList | undefined {
  if (kind === 'trust') {
    const member = members.get('Resource') ?? members.get('NotResource');
    if (member === undefined) return undefined;
    throw new InvalidPolicy(
      `Has prohibited field ${member.key}`,
      `\`${member.key}\` in a trust policy`,
      member.start,
    );
  }
  const resource = readEntries(members, 'Resource', 'NotResource');
  if (resource === undefined) {
    throw new InvalidPolicy('Policy statement must contain resources.', 'no resources', statement.start);
  }
  return resource;
}

function readEntries(
  members: ReadonlyMap<string, JsonMember>,
  name: string,
  negatedName: string,
): EntryList | undefined {
  const plain = members.get(name);
  const negated = members.get(negatedName);
  if (plain !== undefined && negated !== undefined) {
    throw new InvalidPolicy(syntaxErrors, `both \`${name}\` and \`${negatedName}\``, negated.start);
  }
  const member = plain ?? negated;
  if (member === undefined) return undefined;
  const entries = textsOf(member.value, `\`${member.key}\``);
  // An empty list is as good as none: AWS answers both alike.
  if (entries.length === 0) return undefined;
  return { negated: negated !== undefined, entries, position: member.start };
}

function readPrincipal(
  statement: JsonNode,
  members: ReadonlyMap<string, JsonMember>,
  kind: PolicyKind,
): PrincipalElement | undefined {
  const plain = members.get('Principal');
  const negated = members.get('NotPrincipal');
  const member = plain ?? negated;
  if (!namesPrincipals(kind)) {
    if (member === undefined) return undefined;
    throw new InvalidPolicy(
      'Policy document should not specify a principal.',
      `\`${member.key}\` in a policy that is attached to its principal`,
      member.start,
    );
  }
  if (plain !== undefined && negated !== undefined) {
    throw new InvalidPolicy(syntaxErrors, 'both `Principal` and `NotPrincipal`', negated.start);
  }
  if (negated !== undefined && kind !== 'resource') {
    // iam-facts A10; AWS's own words for it are not known.
    throw new InvalidPolicy(
      'Has prohibited field NotPrincipal',
      `\`NotPrincipal\` in a ${kind === 'trust' ? 'trust policy' : 'resource control policy'}`,
      negated.start,
    );
  }
  if (member === undefined) {
    throw new InvalidPolicy('Missing required field Principal', 'no `Principal`', statement.start);
  }
  const entries = principalEntries(member.value);
  if (entries.length === 0) throw new InvalidPolicy(syntaxErrors, 'no principals', member.value.start);
  return { negated: negated !== undefined, entries, position: member.start };
}

const principalTypes: readonly PrincipalType[] = ['AWS', 'Federated', 'Service', 'CanonicalUser'];

function principalEntries(node: JsonNode): PrincipalElement['entries'] {
  if (node.kind === 'string') {
    if (node.value !== '*') throw new InvalidPolicy(syntaxErrors, 'a principal without its type', node.start);
    return [{ value: '*', position: node.start, type: 'AWS' }];
  }
  const members = membersOf(node, '`Principal`', principalTypes);
  return principalTypes.flatMap((type) => {
    const member = members.get(type);
    return member === undefined
      ? []
      : textsOf(member.value, `\`${type}\``).map((entry) => ({ ...entry, type }));
  });
}

function membersOf(node: JsonNode, what: string, known: readonly string[]): ReadonlyMap<string, JsonMember> {
  if (node.kind !== 'object') throw new InvalidPolicy(syntaxErrors, `${what} must be an object`, node.start);
  const unknown = node.members.find((member) => !known.includes(member.key));
  if (unknown !== undefined) {
    throw new InvalidPolicy(syntaxErrors, `unknown element \`${unknown.key}\``, unknown.start);
  }
  return new Map(node.members.map((member) => [member.key, member]));
}

function textOf(node: JsonNode, what: string): string {
  if (node.kind !== 'string') throw new InvalidPolicy(syntaxErrors, `${what} must be a string`, node.start);
  return node.value;
}

/** A string, or a list of strings (iam-facts A3). */
function textsOf(node: JsonNode, what: string): readonly Located<string>[] {
  const items = node.kind === 'array' ? node.items : [node];
  return items.map((item) => ({ value: textOf(item, what), position: positionOf(item) }));
}

const positionOf = (node: JsonNode): Position => node.start;
