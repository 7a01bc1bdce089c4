import { compileStoredPolicy } from '../../src/engine/iam/compile.ts';
import type { PolicyKind, PolicyResult } from '../../src/engine/iam/document.ts';
import { evaluate } from '../../src/engine/iam/evaluate.ts';
import { referencedKeys } from '../../src/engine/iam/keys.ts';
import { parsePolicy } from '../../src/engine/iam/parse.ts';
import type { EvaluationRequest } from '../../src/engine/iam/request.ts';
import { validatePolicy } from '../../src/engine/iam/validate.ts';
import { meaning, normalise } from './normalise.ts';

export const policyKinds: readonly PolicyKind[] = [
  'identity',
  'boundary',
  'session',
  'trust',
  'resource',
  'scp',
  'rcp',
];

/** Longer than any API takes (iam-facts A12): such a text is refused whole. */
const longest = 131_072;

/** Parsing, checking, compiling and asking one text: far above what it takes, far below a blow-up. */
const milliseconds = (text: string): number => 2_000 + text.length / 50;

const arn = 'arn:aws:iam::111122223333:user/ada';
const request: EvaluationRequest = {
  principal: {
    kind: 'user',
    accountId: '111122223333',
    partition: 'aws',
    arn,
    principalArn: arn,
    principalId: 'AIDACKCEVSQ6C2EXAMPLE',
  },
  action: 'eks:DescribeCluster',
  resource: 'arn:aws:eks:eu-west-1:111122223333:cluster/prod',
  resourceAccountId: '111122223333',
  context: new Map<string, string | readonly string[]>([
    ['aws:username', 'ada'],
    ['aws:sourceip', '203.0.113.7'],
    ['aws:currenttime', '2026-11-21T06:00:00Z'],
    ['aws:tagkeys', ['a', 'b']],
    ['aws:multifactorauthage', '10'],
  ]),
};

export interface Outcome {
  /** What was found wrong; undefined when every property holds. */
  readonly finding?: string;
  /** How the parser took the text, without what it quotes: a new shape is worth mutating further. */
  readonly shape: string;
}

/** Every property of the policy language's front door, for one text read as one kind of policy. Never throws. */
export function checkPolicy(text: string, kind: PolicyKind): Outcome {
  const start = performance.now();
  try {
    const parsed = parsePolicy(text, kind);
    const finding = checkParsed(text, kind, parsed) ?? checkUse(text, kind);
    const took = performance.now() - start;
    const slow = took > milliseconds(text) ? `took ${Math.round(took)} ms` : undefined;
    const found = finding ?? slow;
    return { shape: shapeOf(kind, parsed), ...(found !== undefined && { finding: found }) };
  } catch (error) {
    return { shape: `${kind} threw`, finding: `threw ${String(error)}` };
  }
}

function shapeOf(kind: PolicyKind, parsed: PolicyResult): string {
  if (!parsed.ok) return `${kind} ${parsed.fault.detail.replace(/`[^`]*`/g, '…')}`;
  const operators = parsed.document.statements.flatMap(({ conditions }) =>
    conditions.map(({ operator }) => operator),
  );
  return `${kind} ok ${[...new Set(operators)].sort().join(' ')}`;
}

function checkParsed(text: string, kind: PolicyKind, parsed: PolicyResult): string | undefined {
  const validated = validatePolicy(text, kind);
  if (!validated.ok) {
    const misplaced = checkPlace(text, validated);
    if (misplaced !== undefined) return misplaced;
  }
  if (!parsed.ok) {
    if (validated.ok) return 'is validated although it does not parse';
    return checkPlace(text, parsed);
  }
  if (text.length > longest) return 'is longer than any API takes';
  try {
    JSON.parse(text);
  } catch {
    return 'is accepted although it is no JSON';
  }
  referencedKeys(parsed.document);
  const again = normalise(parsed.document);
  if (again.length > longest) return undefined;
  const reparsed = parsePolicy(again, kind);
  if (!reparsed.ok) return `does not parse again: ${reparsed.fault.detail}`;
  return meaning(reparsed.document) === meaning(parsed.document)
    ? undefined
    : 'means something else when written again';
}

function checkPlace(text: string, { fault }: Extract<PolicyResult, { ok: false }>): string | undefined {
  const { message, detail, position } = fault;
  if (message === '' || detail === '') return 'is refused without a reason';
  // A long text is refused before anybody looks for lines in it.
  if (text.length > longest) return position.line === 1 && position.column === 1 ? undefined : 'is misplaced';
  const line = text.split('\n')[position.line - 1];
  if (line === undefined || position.column < 1 || position.column > line.length + 1) {
    return `is refused at ${position.line}:${position.column}, which is outside`;
  }
  return undefined;
}

/** A text that does not parse denies everything; one that does answers the same each time. */
function checkUse(text: string, kind: PolicyKind): string | undefined {
  const policy = compileStoredPolicy(text, kind, { type: 'inline', name: 'fuzz' });
  const set =
    kind === 'trust' || kind === 'resource' ? { identity: [], resource: policy } : { identity: [policy] };
  const first = evaluate(request, set);
  const second = evaluate(request, set);
  if (first.decision !== second.decision) return 'answers differently the second time';
  if (!parsePolicy(text, kind).ok && first.decision !== 'explicitDeny')
    return 'does not deny although unreadable';
  return undefined;
}
