import type {
  EntryList,
  PolicyDocument,
  PrincipalElement,
  Statement,
} from '../../src/engine/iam/document.ts';

/** A parsed policy written again: lists everywhere, values as text. Members keep their order, also `"1"` and `"b"`. */
export function normalise({ version, statements }: PolicyDocument): string {
  return object([
    ['Version', JSON.stringify(version)],
    ['Statement', list(statements.map(statementText))],
  ]);
}

/** What a document means, without where it stands in its text. */
export function meaning(document: PolicyDocument): string {
  return JSON.stringify(document, (name, value) =>
    name === 'position' || name === 'start' || name === 'end' ? undefined : value,
  );
}

type Member = readonly [name: string, value: string];

const object = (members: readonly Member[]): string =>
  `{${members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',')}}`;
const list = (items: readonly string[]): string => `[${items.join(',')}]`;
const texts = (values: readonly string[]): string => list(values.map((value) => JSON.stringify(value)));

function statementText({ sid, effect, principal, action, resource, conditions }: Statement): string {
  const members: Member[] = [['Effect', JSON.stringify(effect)]];
  if (sid !== undefined) members.push(['Sid', JSON.stringify(sid.value)]);
  if (principal !== undefined) members.push(principalMember(principal));
  members.push(entriesMember('Action', action));
  if (resource !== undefined) members.push(entriesMember('Resource', resource));
  const operators = [...new Set(conditions.map(({ operator }) => operator))];
  const blocks = operators.map((operator): Member => {
    const keys = conditions.filter((entry) => entry.operator === operator);
    return [operator, object(keys.map(({ key, values }): Member => [key, texts(values)]))];
  });
  members.push(['Condition', object(blocks)]);
  return object(members);
}

function entriesMember(name: string, { negated, entries }: EntryList): Member {
  return [`${negated ? 'Not' : ''}${name}`, texts(entries.map(({ value }) => value))];
}

function principalMember({ negated, entries }: PrincipalElement): Member {
  const types = [...new Set(entries.map(({ type }) => type))];
  const members = types.map((wanted): Member => {
    const named = entries.filter(({ type }) => type === wanted);
    return [wanted, texts(named.map(({ value }) => value))];
  });
  return [negated ? 'NotPrincipal' : 'Principal', object(members)];
}
