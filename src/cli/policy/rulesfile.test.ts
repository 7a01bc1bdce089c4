import { describe, expect, test } from 'vitest';
import { parseRules } from './rulesfile.ts';

const read = (text: string) => parseRules(text, 'rules.yaml');
const none = { apiGroups: [], resources: [], verbs: [], resourceNames: [], nonResourceURLs: [] };
const pods = { ...none, apiGroups: [''], resources: ['pods'], verbs: ['get'] };
const rule = 'apiGroups: [""], resources: [pods], verbs: [get]';

describe('refused', () => {
  test.each<[string, string, string]>([
    [
      'a list of names that was left blank, which would be every name',
      `- {${rule}, resourceNames: }`,
      'no list of texts',
    ],
    ['a misspelled member', `- {${rule}, resourceName: [a]}`, '`resourceName`, which no rule has'],
    ['a name that is a number', `- {${rule}, resourceNames: [1]}`, 'no list of texts'],
    ['a verb that is no list', '- {apiGroups: [""], resources: [pods], verbs: get}', 'no list of texts'],
    ['a member twice', `- {${rule}, verbs: [list]}`, 'keys must be unique'],
    ['a rule that is none', '- get pods', 'rule 1 is no rule'],
    ['what is no YAML', '- {', '`rules.yaml`: '],
    ['two documents', `- {${rule}}\n---\n- {${rule}}`, '`rules.yaml`: '],
    [
      'another kind of object',
      `kind: RoleBinding\nrules: [{${rule}}]`,
      'neither a list of rules nor a ClusterRole',
    ],
    ['a list under no kind', `rules: [{${rule}}]`, 'neither a list of rules nor a ClusterRole'],
    [
      'a role whose rules come from others',
      'kind: ClusterRole\naggregationRule: {}\nrules: []',
      'aggregated',
    ],
    ['a role without rules', 'kind: ClusterRole', 'no rules'],
    ['an empty file', '', 'neither a list of rules nor a ClusterRole'],
    [
      'aliases that stand for ever more',
      `- &a [x,x,x,x,x,x,x,x,x]\n- &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n- &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n- [*c,*c,*c,*c,*c,*c,*c,*c,*c]`,
      'aliases',
    ],
  ])('%s', (_, text, message) => {
    expect(() => read(text)).toThrow(message);
  });
});

test.each<[string, string]>([
  ['a list', `- {${rule}}`],
  [
    'a ClusterRole',
    `apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\nrules: [{${rule}}]`,
  ],
  ['a Role in JSON', '{"kind":"Role","rules":[{"apiGroups":[""],"resources":["pods"],"verbs":["get"]}]}'],
])('%s is read', (_, text) => {
  expect(read(text)).toEqual([pods]);
});
