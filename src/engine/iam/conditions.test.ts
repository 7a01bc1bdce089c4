// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { processorTimer } from '../../../test/processortime.ts';
import { compileCondition, judgeConditions } from './conditions.ts';
import type { PolicyDocument } from './document.ts';
import { contextKey } from './request.ts';

type Value = string | readonly string[];
type Context = Readonly<Record<string, Value>>;

function judge(
  block: Readonly<Record<string, Readonly<Record<string, Value>>>>,
  context: Context,
  version: PolicyDocument['version'] = '2012-10-17',
): string {
  const conditions = Object.entries(block).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) =>
      compileCondition({ operator, key, values: [values].flat(), position: { line: 1, column: 1 } }, version),
    ),
  );
  const names = new Map(Object.entries(context).map(([key, value]) => [contextKey(key), value]));
  return judgeConditions(conditions, names)?.answer ?? 'yes';
}

type Row = [string, Value, Value | undefined, 'yes' | 'no' | 'unknown'];

/** operator, values of the policy, value of the request, answer */
function holds(rows: readonly Row[]): void {
  test.each(rows)('%s %j of %j: %s', (operator, wanted, found, expected) => {
    expect(judge({ [operator]: { k: wanted } }, found === undefined ? {} : { K: found })).toBe(expected);
  });
}

describe('strings (D3)', () => {
  holds([
    ['StringEquals', 'john', 'John', 'no'],
    ['StringEquals', 'john*', 'johnny', 'no'],
    ['StringEquals', 'john', 'john ', 'no'],
    ['StringEquals', '', 'a', 'no'],
    ['StringEquals', 'john', 'john', 'yes'],
    ['StringEquals', 'john*', 'john*', 'yes'],
    ['StringEquals', '', '', 'yes'],
    ['StringEquals', ['a', 'b'], 'b', 'yes'],
    ['StringNotEquals', ['a', 'b'], 'b', 'no'],
    ['StringNotEquals', ['a', 'b'], 'c', 'yes'],
    ['StringEqualsIgnoreCase', 'JOHN', 'john1', 'no'],
    ['StringEqualsIgnoreCase', 'JO*', 'john', 'no'],
    ['StringEqualsIgnoreCase', 'JOHN', 'john', 'yes'],
    ['StringEqualsIgnoreCase', 'CAFÉ', 'café', 'yes'],
    ['StringNotEqualsIgnoreCase', ['A', 'B'], 'b', 'no'],
    ['StringLike', 'john', 'johnny', 'no'],
    ['StringLike', 'John*', 'johnny', 'no'],
    ['StringLike', 'j?n', 'john', 'no'],
    ['StringLike', 'j.*n', 'john', 'no'],
    ['StringLike', 'j*n?y', 'johnny', 'yes'],
    ['StringLike', 'a:*', 'a:b:c', 'yes'],
    ['StringLike', '*', '', 'yes'],
    ['StringNotLike', 'j*', 'john', 'no'],
    ['StringNotLike', 'j*', 'bob', 'yes'],
  ]);
});

describe('numbers (D3)', () => {
  holds([
    ['NumericEquals', '10', '10.0001', 'no'],
    ['NumericEquals', '9007199254740992', '9007199254740993', 'no'],
    ['NumericEquals', '10', 'ten', 'no'],
    ['NumericEquals', '10', '', 'no'],
    ['NumericEquals', '10', '0x0a', 'no'],
    ['NumericEquals', '10', '10.00', 'yes'],
    ['NumericEquals', '1e1', '10', 'yes'],
    ['NumericEquals', '-0', '0.0', 'yes'],
    ['NumericNotEquals', '10', '10.0', 'no'],
    ['NumericNotEquals', '10', '11', 'yes'],
    ['NumericNotEquals', '10', 'ten', 'unknown'],
    ['NumericLessThan', '3600', '3600', 'no'],
    ['NumericLessThan', '3600', '599', 'yes'],
    ['NumericLessThan', '-1', '-1.5', 'yes'],
    ['NumericLessThan', '0.1', '0.09', 'yes'],
    ['NumericLessThanEquals', '3600', '3600', 'yes'],
    ['NumericGreaterThan', '10', '9', 'no'],
    ['NumericGreaterThan', '10', '10.1', 'yes'],
    ['NumericGreaterThanEquals', '10', '10', 'yes'],
    ['NumericLessThan', 'abc', '5', 'unknown'],
    ['NumericLessThan', '1e999999999', '5', 'unknown'],
    ['NumericEquals', '${k}', '5', 'unknown'],
  ]);
});

describe('dates (D3)', () => {
  holds([
    ['DateLessThan', '2020-06-30T00:00:00Z', '2020-06-30T00:00:00Z', 'no'],
    ['DateLessThan', '2020-06-30T00:00:00Z', '2020-06-29T23:59:59.999Z', 'yes'],
    ['DateLessThan', '1893456000', '2026-01-01T00:00:00Z', 'yes'],
    ['DateLessThanEquals', '2020-06-30', '2020-06-30T00:00:00Z', 'yes'],
    ['DateGreaterThan', '2020-06-30T00:00:00Z', '2020-06-30T01:00:00+02:00', 'no'],
    ['DateGreaterThan', '2020-06-30T00:00:00+02:00', '2020-06-29T22:00:01Z', 'yes'],
    ['DateGreaterThanEquals', '1767225600', '1767225600', 'yes'],
    ['DateEquals', '2012', '2012-01-01T00:00:00Z', 'yes'],
    ['DateEquals', '2012-01-02', '2012-01-01T00:00:00Z', 'no'],
    ['DateNotEquals', '2012', '2012-01-01', 'no'],
    ['DateNotEquals', '2012', 'soon', 'unknown'],
    ['DateLessThan', '2020-06-30', 'soon', 'no'],
    ['DateLessThan', '2020-02-30', '2019-01-01T00:00:00Z', 'unknown'],
    ['DateLessThan', '2020-01-01T24:00:00Z', '2019-01-01T00:00:00Z', 'unknown'],
    ['DateGreaterThan', '99999999999999999999', '2019-01-01T00:00:00Z', 'unknown'],
  ]);
});

describe('booleans, bytes and absence (D3)', () => {
  holds([
    ['Bool', 'true', 'false', 'no'],
    ['Bool', 'true', '1', 'no'],
    ['Bool', 'TRUE', 'true', 'yes'],
    ['Bool', 'false', 'False', 'yes'],
    ['Bool', 'yes', 'true', 'unknown'],
    ['BinaryEquals', 'QmluYXJ5', 'qmluYXJ5', 'no'],
    ['BinaryEquals', 'QmluYXJ5', 'QmluYXJ5', 'yes'],
    ['BinaryEquals', 'not base64', 'QmluYXJ5', 'unknown'],
    ['Null', 'true', 'x', 'no'],
    ['Null', 'false', undefined, 'no'],
    ['Null', 'false', [], 'no'],
    ['Null', 'true', undefined, 'yes'],
    ['Null', 'true', [], 'yes'],
    ['Null', 'false', ['x'], 'yes'],
    ['Null', ['true', 'false'], 'x', 'yes'],
    ['Null', 'maybe', 'x', 'unknown'],
    ['ForAnyValue:Null', 'true', undefined, 'unknown'],
  ]);
});

describe('addresses (D3)', () => {
  holds([
    ['IpAddress', '203.0.113.0/24', '203.0.114.1', 'no'],
    ['IpAddress', '203.0.113.5', '203.0.113.6', 'no'],
    ['IpAddress', '::/0', '203.0.113.5', 'no'],
    ['IpAddress', '0.0.0.0/0', '2001:db8::1', 'no'],
    ['IpAddress', '203.0.113.0/24', '::ffff:203.0.113.5', 'no'],
    ['IpAddress', '2001:db8::/33', '2001:db8:8000::1', 'no'],
    ['IpAddress', '203.0.113.0/24', '203.0.113.05', 'no'],
    ['IpAddress', '203.0.113.128/25', '203.0.113.200', 'yes'],
    ['IpAddress', '203.0.113.7/24', '203.0.113.200', 'yes'],
    ['IpAddress', '0.0.0.0/0', '8.8.8.8', 'yes'],
    ['IpAddress', '2001:DB8::/32', '2001:db8:1::1', 'yes'],
    ['IpAddress', '2001:db8::1', '2001:0db8:0:0:0:0:0:1', 'yes'],
    ['NotIpAddress', ['192.0.2.0/24', '203.0.113.0/24'], '203.0.113.9', 'no'],
    ['NotIpAddress', ['192.0.2.0/24', '203.0.113.0/24'], '198.51.100.9', 'yes'],
    ['NotIpAddress', '192.0.2.0/24', 'fe80::1%eth0', 'unknown'],
    ['IpAddress', '203.0.113.0/33', '203.0.113.9', 'unknown'],
    ['IpAddress', '203.0.113.*', '203.0.113.9', 'unknown'],
    ['IpAddress', '1::2::3', '1::2', 'unknown'],
  ]);
});

describe('ARNs (D3)', () => {
  const dev = 'arn:aws:iam::111122223333:role/dev';
  const crossing = 'arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/x';
  holds([
    ['ArnLike', 'arn:aws:iam::111122223333:role/DEV', dev, 'no'],
    ['ArnLike', 'arn:aws:someservice:*:111122223333:finance/*', crossing, 'no'],
    ['ArnEquals', 'arn:aws:iam:*:role/dev:x', dev, 'no'],
    ['ArnEquals', 'arn:aws:iam::111122223333:role/*', dev, 'yes'],
    ['ArnLike', 'arn:*:iam::*:role/d?v', dev, 'yes'],
    ['ArnNotEquals', 'arn:aws:iam::111122223333:role/*', dev, 'no'],
    ['ArnNotLike', ['arn:aws:iam::*:role/a*', 'arn:aws:iam::*:role/b*'], dev, 'yes'],
    ['ArnLike', 'arn:aws:iam::*:role/*', 'dev', 'no'],
    ['ArnNotLike', 'arn:aws:iam::*:role/*', 'dev', 'unknown'],
    ['ArnLike', '*', dev, 'unknown'],
    ['ArnLike', 'arn:*:dev', dev, 'unknown'],
    ['ArnLike', 'arn:aws:iam::111122223333:role/a.b', 'arn:aws:iam::111122223333:role/axb', 'no'],
    ['ArnLike', 'arn:*:*:*:*:*', crossing, 'yes'],
  ]);

  const file = join(import.meta.dirname, '../../../../shared/reference/token-vectors.json');
  test.skipIf(!existsSync(file))('the public vectors', () => {
    interface Vector {
      readonly kind: string;
      readonly name: string;
      readonly input: { readonly arn: string; readonly pattern: string };
      readonly expect: { readonly match: boolean };
    }
    const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: readonly Vector[] };
    const arnLike = vectors.filter(({ kind }) => kind === 'arn-like');
    for (const { name, input, expect: expected } of arnLike) {
      const answer = judge({ ArnLike: { k: input.pattern } }, { k: input.arn });
      expect(answer, name).toBe(expected.match ? 'yes' : 'no');
    }
    expect(arnLike.length).toBe(15);
  });
});

describe('missing keys (D3, D4, D5, D8)', () => {
  holds([
    ['StringEquals', 'a', undefined, 'no'],
    ['StringLike', '*', undefined, 'no'],
    ['Bool', 'false', undefined, 'no'],
    ['IpAddress', '0.0.0.0/0', undefined, 'no'],
    ['StringNotEquals', 'a', undefined, 'yes'],
    ['NotIpAddress', '10.0.0.0/8', undefined, 'yes'],
    ['StringEqualsIfExists', 'a', undefined, 'yes'],
    ['StringEqualsIfExists', 'a', 'b', 'no'],
    ['BoolIfExists', 'false', undefined, 'yes'],
    ['StringNotEqualsIfExists', 'a', undefined, 'yes'],
    ['ForAllValues:StringEquals', 'a', undefined, 'yes'],
    ['ForAllValues:StringEqualsIfExists', 'a', undefined, 'yes'],
    ['ForAllValues:StringNotEquals', 'a', [], 'yes'],
    ['ForAnyValue:StringEquals', 'a', [], 'no'],
    ['ForAnyValue:StringNotEquals', 'a', undefined, 'no'],
    // Contested: neither an Allow nor the absence of a Deny may follow from it.
    ['ForAnyValue:StringEqualsIfExists', 'a', undefined, 'unknown'],
  ]);
});

describe('sets (D5 to D7)', () => {
  holds([
    ['ForAllValues:StringEquals', ['dev', 'ops'], ['dev', 'system:masters'], 'no'],
    ['ForAllValues:StringEquals', ['dev', 'ops'], ['dev'], 'yes'],
    ['ForAllValues:StringLike', 'team-*', ['team-a', 'ops'], 'no'],
    ['ForAllValues:StringNotLike', 'system:*', ['dev', 'system:nodes'], 'no'],
    ['ForAllValues:StringNotLike', ['system:*', 'x'], ['dev'], 'yes'],
    ['ForAnyValue:StringEquals', 'system:masters', ['dev'], 'no'],
    ['ForAnyValue:StringEquals', 'system:masters', ['dev', 'system:masters'], 'yes'],
    ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'b'], 'no'],
    ['ForAnyValue:StringNotEquals', ['a', 'b'], ['a', 'c'], 'yes'],
    ['ForAnyValue:StringEquals', 'a', 'a', 'yes'],
    ['ForAllValues:StringEquals', 'a', 'b', 'no'],
    ['ForAllValues:NumericLessThan', 'x', ['1'], 'unknown'],
    // A multi-valued key without a set operator: nobody says what it means.
    ['StringEquals', 'a', ['a'], 'unknown'],
    ['StringNotEquals', 'a', ['b', 'c'], 'unknown'],
    ['StringEquals', 'a', [], 'no'],
  ]);
});

describe('blocks (D1, D2, D11)', () => {
  test.each<[object, Context, string]>([
    [{ StringEquals: { a: '1', b: '2' } }, { a: '1', b: '3' }, 'no'],
    [{ StringEquals: { a: '1' }, Bool: { b: 'true' } }, { a: '1', b: 'false' }, 'no'],
    [{ StringMatches: { a: '1' } }, { a: '1' }, 'unknown'],
    [{ StringMatches: { a: '1' }, StringEquals: { a: '2' } }, { a: '1' }, 'no'],
    [{ StringNotEquals: { a: [] } }, { a: '1' }, 'unknown'],
    [{}, {}, 'yes'],
    [{ StringEquals: { 'AWS:PrincipalTag/Team': 'x' } }, { 'aws:principaltag/team': 'x' }, 'yes'],
    [{ StringEquals: { 'aws:principaltag/team': 'X' } }, { 'aws:PrincipalTag/Team': 'x' }, 'no'],
  ])('%j of %j: %s', (block, context, expected) => {
    expect(judge(block as Parameters<typeof judge>[0], context)).toBe(expected);
  });

  test('what failed is told, with the key as written and whether it was there', () => {
    const condition = compileCondition(
      { operator: 'StringEquals', key: 'aws:UserName', values: ['a'], position: { line: 4, column: 9 } },
      '2012-10-17',
    );
    const finding = {
      ...{ operator: 'StringEquals', key: 'aws:UserName', values: ['a'], position: { line: 4, column: 9 } },
    };
    expect(judgeConditions([condition], new Map())?.finding).toEqual({ ...finding, absent: true });
    expect(judgeConditions([condition], new Map([['aws:username', 'b']]))?.finding).toEqual({
      ...finding,
      absent: false,
    });
  });
});

describe('variables in values (C)', () => {
  test.each<[string, string, Context, string]>([
    ['StringEquals', '${b}', { k: 'x', b: 'y' }, 'no'],
    ['StringEquals', '${b}', { k: 'x' }, 'no'],
    ['StringEquals', '${b}', { k: '' }, 'no'],
    ['StringLike', '${b}', { k: 'anything', b: '*' }, 'no'],
    ['StringLike', 'a${?}c', { k: 'abc' }, 'no'],
    ['StringLike', '${*}', { k: 'x' }, 'no'],
    ['ArnLike', 'arn:aws:iam::1:user/${b}', { k: 'arn:aws:iam::1:user/x', b: '*' }, 'no'],
    ['ArnLike', 'arn:aws:${b}:user/x', { k: 'arn:aws:iam::1:user/x', b: 'iam::1' }, 'unknown'],
    ['StringEquals', '${b', { k: 'x', b: 'x' }, 'unknown'],
    ['StringEquals', '${b}', { k: 'x', b: ['x'] }, 'unknown'],
    ['StringNotEquals', '${b}', { k: 'x' }, 'yes'],
    ['StringEquals', '${b}', { k: 'x', b: 'x' }, 'yes'],
    ['StringEquals', '${B}-${ b }', { k: 'x-x', b: 'x' }, 'yes'],
    ['StringEqualsIgnoreCase', 'A${b}', { k: 'aX', b: 'x' }, 'yes'],
    ['StringEquals', "${b, 'all of it'}", { k: 'all of it' }, 'yes'],
    ['StringEquals', "${b,'x'}", { k: 'x', b: [] }, 'yes'],
    ['StringEquals', "${b, 'x'}", { k: 'x', b: 'y' }, 'no'],
    ['StringLike', "${b, '*'}", { k: 'x' }, 'no'],
    ['StringLike', 'a*${b}*c', { k: 'a-x*y-c', b: 'x*y' }, 'yes'],
    ['StringLike', 'a${?}c', { k: 'a?c' }, 'yes'],
    ['StringEquals', '${$}{b}', { k: '${b}' }, 'yes'],
    ['ArnLike', 'arn:aws:iam::1:user/${a:b}', { k: 'arn:aws:iam::1:user/x', 'a:b': 'x' }, 'yes'],
    ['ArnEquals', 'arn:aws:iam::${a:b}:user/*', { k: 'arn:aws:iam::1:user/x', 'a:b': '1' }, 'yes'],
  ])('%s %j of %j: %s', (operator, value, context, expected) => {
    expect(judge({ [operator]: { k: value } }, context)).toBe(expected);
  });

  test.each([
    ['${b}', { k: '${b}', b: 'x' }, 'yes'],
    ['${b}', { k: 'x', b: 'x' }, 'no'],
  ])('in the older language %s of %j: %s (A4)', (value, context, expected) => {
    expect(judge({ StringEquals: { k: value } }, context, '2008-10-17')).toBe(expected);
  });
});

describe('matching is linear', () => {
  const length = 100_000;
  test.each<[string, string, string]>([
    ['many stars', `${'a*'.repeat(length / 2)}b`, 'a'.repeat(length)],
    ['a text that nearly fits everywhere', `*b${'a'.repeat(length / 2)}*`, 'a'.repeat(length)],
    ['question marks that nearly fit everywhere', `*${'a?'.repeat(32)}b*`, 'a'.repeat(length)],
    ['more question marks than are asked', `*${'a?'.repeat(length / 4)}b*`, 'a'.repeat(length)],
    ['question marks only', `*${'?'.repeat(length / 2)}b*`, 'a'.repeat(length)],
    ['question marks and variables', `*${'?${b}'.repeat(85)}b*`, 'a'.repeat(length)],
    ['a long text before a question mark', `*${'a'.repeat(length / 2)}?b*`, 'a'.repeat(length)],
    ['many short runs with question marks', '*b?b*'.repeat(length / 5), 'a'.repeat(length)],
    ['many variables', '${b}*'.repeat(2_000), 'a'.repeat(length)],
    ['an unfinished variable', '${'.repeat(length / 2), 'a'],
    ['spaces in a variable', `\${${' '.repeat(length)}`, 'a'],
    ['a default without an end', `\${b, '${'x'.repeat(length)}`, 'a'],
  ])('%s', (_name, pattern, value) => {
    const spent = processorTimer();
    judge({ StringLike: { k: pattern } }, { k: value, b: 'a' });
    judge({ ArnLike: { k: `arn:aws:iam::1:${pattern}` } }, { k: `arn:aws:iam::1:${value}`, b: 'a' });
    expect(spent()).toBeLessThan(3_000);
  });

  test('what would take too long is in doubt', () => {
    const most = 256;
    const long = 'a?'.repeat(most / 2);
    const fits = 'ab'.repeat(most / 2);
    expect(judge({ StringLike: { k: `*${long}?*` } }, { k: `${fits}c` })).toBe('unknown');
    expect(judge({ StringLike: { k: `${long}?*` } }, { k: `${fits}c` })).toBe('yes');
    expect(judge({ StringLike: { k: `*${long}*` } }, { k: fits })).toBe('yes');
    const filled = (b: string) => judge({ StringLike: { k: '*${b}*' } }, { k: 'a'.repeat(length), b });
    expect(filled('a'.repeat(most + 1))).toBe('unknown');
    expect(filled('a'.repeat(most))).toBe('yes');
  });

  test('a request with many long values is judged at once', () => {
    const long = Array.from({ length: 14 }, (_, at) => `*${'?a'.repeat(31)}?${at}*`);
    const filled = Array.from({ length: 200 }, (_, at) => `*\${b}?${at}*`);
    const spent = processorTimer();
    const ask = (k: readonly string[], values: readonly string[]) =>
      judge({ 'ForAnyValue:StringLike': { k } }, { k: values, b: 'a'.repeat(120) });
    expect(ask(long, new Array<string>(240).fill('a'.repeat(4096)))).toBe('no');
    expect(ask(filled, new Array<string>(1000).fill('ab'.repeat(64)))).toBe('no');
    expect(spent()).toBeLessThan(2_000);
  });

  test.each(['NumericEquals', 'DateEquals', 'IpAddress', 'Bool', 'BinaryEquals'])('%s', (operator) => {
    const spent = processorTimer();
    for (const digit of ['0', '9', '1.', ':', 'A']) {
      const long = digit.repeat(length);
      judge({ [operator]: { k: long } }, { k: long });
      judge({ [operator]: { k: '1' } }, { k: `${long}x` });
    }
    expect(spent()).toBeLessThan(3_000);
  });
});
