import { expect, test } from 'vitest';
import { acceptNames } from './names.ts';

const wanted = {
  plural: 'widgets',
  singular: 'widget',
  kind: 'Widget',
  listKind: 'WidgetList',
  shortNames: ['w', 'wd'],
  categories: ['all'],
};
const nothing = { plural: '', singular: '', kind: '', listKind: '', shortNames: [], categories: [] };

const rows: readonly (readonly [
  what: string,
  taken: { readonly resources?: readonly string[]; readonly kinds?: readonly string[] },
  accepted: typeof nothing | typeof wanted,
  reason: string,
  message: string,
])[] = [
  ['nothing is taken', {}, nothing, 'NoConflicts', 'no conflicts found'],
  [
    'the singular is taken',
    { resources: ['widget'] },
    nothing,
    'SingularConflict',
    '"widget" is already in use',
  ],
  ['a short name is taken', { resources: ['w'] }, nothing, 'ShortNamesConflict', '"w" is already in use'],
  [
    'two short names are taken',
    { resources: ['w', 'wd'] },
    nothing,
    'ShortNamesConflict',
    '["w" is already in use, "wd" is already in use]',
  ],
  ['the kind is taken', { kinds: ['Widget'] }, nothing, 'KindConflict', '"Widget" is already in use'],
  [
    'the last of several conflicts is told',
    { resources: ['widget'], kinds: ['Widget', 'WidgetList'] },
    nothing,
    'ListKindConflict',
    '"WidgetList" is already in use',
  ],
  [
    'what was accepted once stays',
    { resources: ['widget', 'w'], kinds: ['Widget'] },
    wanted,
    'NoConflicts',
    'no conflicts found',
  ],
];

test.each(rows)('%s', (_, { resources = [], kinds = [] }, accepted, reason, message) => {
  const taken = { resources: new Set(resources), kinds: new Set(kinds) };
  const { condition } = acceptNames(wanted, accepted, taken);
  expect(condition).toEqual({
    type: 'NamesAccepted',
    status: reason === 'NoConflicts' ? 'True' : 'False',
    reason,
    message,
  });
});

test('of the names that are free the resource gets its part', () => {
  const taken = { resources: new Set(['w']), kinds: new Set(['WidgetList']) };
  expect(acceptNames(wanted, nothing, taken).accepted).toEqual({
    plural: 'widgets',
    singular: 'widget',
    kind: 'Widget',
    categories: ['all'],
  });
});
