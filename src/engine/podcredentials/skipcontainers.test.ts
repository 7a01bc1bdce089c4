import { describe, expect, test } from 'vitest';
import { injected, pod, role } from '../../../test/podcredentials.ts';
import { parseSkippedContainers } from './skipcontainers.ts';

describe('skip-containers', () => {
  test.each<readonly [string, readonly string[] | undefined]>([
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    ['a, b', ['a', ' b']],
    ['a,', ['a', '']],
    ['a,b\r', ['a', 'b']],
    ['\r', undefined],
    ['\n\r\na,b\nc', ['a', 'b']],
    ['"a","b,c"', ['a', 'b,c']],
    ['"a""b"', ['a"b']],
    ['"a\nb",c', ['a\nb', 'c']],
    ['', undefined],
    ['\n', undefined],
    ['a"b', undefined],
    ['"a"b', undefined],
    ['"a', undefined],
  ])('%j', (said, expected) => {
    expect(parseSkippedContainers(said)).toEqual(expected);
  });

  test('what cannot be read leaves no container out, and is told', () => {
    const annotations = { 'eks.amazonaws.com/skip-containers': '"main' };
    const { pod: after, warnings } = injected({
      accountAnnotations: role,
      pod: pod({ metadata: { annotations } }),
    });
    expect(after).toMatchObject({ spec: { containers: [{ env: expect.anything() }] } });
    expect(warnings).toEqual([
      '`eks.amazonaws.com/skip-containers` is no list of names: no container is left out',
    ]);
  });
});
