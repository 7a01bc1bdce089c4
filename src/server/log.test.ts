import { afterEach, expect, test, vi } from 'vitest';
import { createLog } from './log.ts';

afterEach(() => vi.restoreAllMocks());

function captured(): readonly string[] {
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    lines.push(String(text));
    return true;
  });
  return lines;
}

test('a value from outside cannot start a line or a field of its own', () => {
  const lines = captured();
  const log = createLog({ level: 'info', format: 'text' });
  log.info({ name: 'a\nb c="d"', plain: 'x', none: undefined }, 'said');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^\d{4}-\S+Z info said name="a\\nb c=\\"d\\"" plain=x\n$/);
});

test('as JSON each entry is one line', () => {
  const lines = captured();
  createLog({ level: 'info', format: 'json' }).warn({ name: 'a\nb' }, 'said');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 40, msg: 'said', name: 'a\nb' });
  expect(lines[0]?.split('\n')).toHaveLength(2);
});

test('less than the level is not logged', () => {
  const lines = captured();
  createLog({ level: 'silent', format: 'text' }).error({}, 'said');
  createLog({ level: 'warn', format: 'text' }).info({}, 'said');
  expect(lines).toEqual([]);
});
