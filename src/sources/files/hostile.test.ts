import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../../test/processortime.ts';
import { SourceError } from '../sourceerror.ts';
import { fixture, gapTexts, readTexts } from './testworld.ts';

const good = 'apiVersion: v1\nkind: Namespace\nmetadata: {name: dev}\n';
const utf16 = (text: string): Uint8Array => Buffer.from(`\uFEFF${text}`, 'utf16le');
const bomb = ['a0: &a0 [x,x,x,x,x,x,x,x,x]']
  .concat(
    Array.from({ length: 20 }, (_, at) => `a${at + 1}: &a${at + 1} [${Array(9).fill(`*a${at}`).join(',')}]`),
  )
  .join('\n');
const names = Array.from({ length: 1000 }, (_, at) => `k${at}: 1`).join(', ');

describe('a broken document is a gap with its place, and the others are read', () => {
  test.each<[string, string | Uint8Array, string | RegExp]>([
    ['broken YAML', `${good}---\na: [1\n---\n${good}`, /^(?:5|6):\d+ /],
    ['an alias of nothing', 'a: *b', '1:4 alias `b` means nothing'],
    ['an alias inside of itself', 'a: &a [*a]', '1:8 alias `a` stands inside of what it names'],
    ['aliases that multiply', bomb, /aliases multiply without end/],
    [
      'merges that multiply',
      `a: &a {${names}}\nb:\n${'- {<<: [*a,*a,*a,*a]}\n'.repeat(2000)}`,
      /multiply without end/,
    ],
    ['a name that is given twice', 'a: 1\na: 2', '2:1 the name `a` is given twice'],
    ['a name that is given twice in JSON', '{"a": 1,\n "a": 2}', '2:2 the name `a` is given twice'],
    ['JSON that ends too early', '{"a": [1,', '1:10 the text ends too early'],
    ['lists in lists', '['.repeat(1_000_000), '1:202 it is nested deeper than 200'],
    ['dashes without end', '- '.repeat(100_000), /nested deeper than 200/],
    [
      'names in names',
      Array.from({ length: 400 }, (_, at) => `${' '.repeat(at)}a:`).join('\n'),
      /nested deeper/,
    ],
    ['a NUL', 'a: \0', '1:1 it is no text: it has a NUL in it'],
    [
      'output of the AWS CLI as text',
      'ACCESSENTRIES\tarn:aws:iam::111122223333:user/a\n',
      /^1:1 it is plain text; .*--output json/,
    ],
    ['a part of an answer', '["arn:aws:iam::111122223333:user/a"]', /it is a list; .* without `--query`/],
    ['other bytes', Buffer.from([0x80, 0x81]), '1:1 it is no text in UTF-8'],
    ['too much YAML', `# ${'x'.repeat(5 * 1024 * 1024)}`, /^1:1 YAML of more than 4 MiB is not read/],
    ['nothing', '', '1:1 it is empty'],
    ['something else', 'a: 1', /^1:1 it is no manifest/],
    [
      'a list of no objects',
      'apiVersion: v1\nkind: List\nitems: [7]',
      /`items\[0\]` of this List is no object/,
    ],
    [
      'a saved snapshot with a member too many',
      '{"format": "entryway.snapshot/v1", "x": 1}',
      '1:1 `x` of the saved snapshot is not known',
    ],
    [
      'a saved snapshot of another version',
      '{"format": "entryway.snapshot/v9"}',
      /only `entryway.snapshot\/v1` is read here/,
    ],
  ])('%s', async (_, text, fault) => {
    const spent = processorTimer();
    const told = gapTexts(await readTexts({ 'a.yaml': text, 'z.yaml': good }));
    expect(told).toContainEqual(typeof fault === 'string' ? fault : expect.stringMatching(fault));
    expect(spent()).toBeLessThan(5000);
  });
});

describe('what is there without end is told once, and takes little', () => {
  const seven = (count: number): string => Array(count).fill('7').join();
  const chain = Array.from({ length: 5000 }, (_, at) => [
    `R${at}`,
    { Type: 'AWS::IAM::Role', Properties: { RoleName: { 'Fn::Sub': `\${R${at + 1}}` } } },
  ]);
  const longNames = Array.from({ length: 2000 }, (_, at) => [
    `R${at}`,
    { Type: 'AWS::IAM::Role', Properties: { RoleName: { Ref: 'A' } } },
  ]);
  test.each<[string, () => string]>([
    ['documents', () => '{}'.repeat(200_000)],
    ['members of another type', () => `{"Users":[${seven(200_000)}]}`],
    ['items of another type', () => `{"apiVersion":"v1","kind":"List","items":[${seven(200_000)}]}`],
    ['lines', () => `user,arn,user_creation_time,x\n${'a,b\n'.repeat(200_000)}`],
    ['names after names', () => JSON.stringify({ Resources: Object.fromEntries(chain) })],
    [
      'long names',
      () =>
        JSON.stringify({
          Parameters: { A: { Default: 'x'.repeat(90_000) } },
          Resources: Object.fromEntries(longNames),
        }),
    ],
  ])('%s', async (_, text) => {
    const spent = processorTimer();
    const { gaps } = await readTexts({ 'a.txt': text(), 'z.yaml': good });
    expect(gaps.length).toBeLessThan(400);
    expect(gapTexts({ gaps })).toContainEqual(
      expect.stringMatching(/more like the first 100 are not listed|only the first \d+ /),
    );
    expect(gaps.reduce((sum, { reason }) => sum + reason.length, 0)).toBeLessThan(500_000);
    expect(spent()).toBeLessThan(4000);
  });

  test('clusters of one name in many regions are told apart in linear time', async () => {
    const region = (at: number): string =>
      `{"cluster":{"name":"c","arn":"arn:aws:eks:r-${at}:111122223333:cluster/c"}}`;
    const entry = '{"accessEntry":{"clusterName":"c","principalArn":"arn:aws:iam::111122223333:user/a"}}';
    const spent = processorTimer();
    const { clusters, gaps } = await readTexts({
      'a.json': Array.from({ length: 5000 }, (_, at) => region(at)).join('') + entry,
    });
    expect(clusters).toHaveLength(5000);
    expect(gapTexts({ gaps })).toContainEqual(expect.stringContaining('several clusters are called `c`'));
    expect(spent()).toBeLessThan(4000);
  });
});

test('UTF-16 and marks of byte order are read', async () => {
  for (const text of [utf16(good), Buffer.from(`\uFEFF${good}`)]) {
    expect((await readTexts({ 'a.yaml': text })).clusters[0]?.namespaces).toEqual(['dev']);
  }
});

test('a name that is a prototype is a name', async () => {
  const account =
    '{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"a","namespace":"b","__proto__":{"annotations":{"eks.amazonaws.com/role-arn":"x"}},"annotations":{"__proto__":"y"}}}';
  const { clusters } = await readTexts({ 'a.json': account });
  expect(clusters[0]?.serviceAccounts).toEqual([{ namespace: 'b', name: 'a' }]);
  expect(Object.hasOwn(Object.prototype, 'annotations')).toBe(false);
});

test('whatever is done to a file, reading ends, with a snapshot or a told error', async () => {
  const seed = Number(process.env.SEED ?? 20261121);
  const rounds = Number(process.env.ENTRYWAY_ROUNDS ?? 25);
  let state = seed;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
  const pieces = [
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    '\\',
    '\n',
    '- ',
    '&a ',
    '*a',
    '<<: ',
    '!Ref ',
    '!Sub ',
    '---\n',
  ];
  pieces.push(
    'null',
    '7',
    'true',
    '{}',
    '[]',
    '\0',
    '__proto__',
    '\uE000account\uE001',
    `\${A}`,
    '🙂',
    ' '.repeat(9),
  );
  const files = [
    'manifests/rbac.yaml',
    'manifests/aws-auth.yaml',
    'awscli/iam.json',
    'awscli/ops.json',
    'terraform/plan.json',
  ];
  files.push('cloudformation/access.yaml', 'eksctl/cluster.yaml', 'awscli/credential-report.csv');
  const spent = processorTimer();
  for (const file of files) {
    const text = readFileSync(fixture(file), 'utf8');
    // A value in place of another one gets further than a broken text does.
    const values = [...text.matchAll(/"[^"\n]*"(?!:)|(?<=: )[^\n{[]+/g)];
    for (let round = 0; round < rounds; round++) {
      let mutated = text;
      for (let count = below(3) + 1; count > 0; count--) {
        const piece = pieces[below(pieces.length)] ?? '';
        const value = values[below(values.length)];
        if (below(2) === 0 && value !== undefined) {
          mutated = mutated.slice(0, value.index) + piece + mutated.slice(value.index + value[0].length);
        } else {
          const at = below(mutated.length);
          mutated = mutated.slice(0, at) + piece + mutated.slice(at + below(20));
        }
      }
      try {
        await readTexts({ 'a.txt': mutated });
      } catch (error) {
        if (!(error instanceof SourceError))
          throw new Error(`SEED=${seed} ${file}:\n${mutated}`, { cause: error });
      }
    }
  }
  expect(spent() / rounds).toBeLessThan(1000);
});
