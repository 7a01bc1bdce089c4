import { describe, expect, test } from 'vitest';
import { parseJsonObject } from './json.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('brackets in texts do not count, and nothing in a text hides those behind it', () => {
  test.each<[string, string]>([
    ['a plain text', '[['],
    ['a quote', '"[['],
    ['a backslash at the end', '[[\\'],
    ['two of them', '[[\\\\'],
    ['a backslash and a quote', '\\"[[\\"'],
    ['an empty text', ''],
    ['more than one byte each', 'ü"ü[['],
  ])('%s', (_name, text) => {
    const member = `"a":${JSON.stringify(text.repeat(40))}`;
    expect(parseJsonObject(bytes(`{${member},"b":${deep(60)}}`)).a).toBe(text.repeat(40));
    expect(() => parseJsonObject(bytes(`{${member},"b":${deep(64)}}`))).toThrow('nests too deep');
  });

  test('a text that never ends is no JSON', () => {
    for (const text of ['{"a', '{"a\\"', '{"a":"[[[\\\\\\"]]']) {
      expect(() => parseJsonObject(bytes(text))).toThrow('not valid JSON');
    }
  });
});
