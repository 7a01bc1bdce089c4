import { describe, expect, test } from 'vitest';
import { readSchemas } from '../../tools/schema.ts';

const facts = { service: 'x', protocol: 'awsQuery', version: '1', xmlNamespace: 'n', target: '' } as const;
const input = (type: unknown, required = 0) => [3, 'n', 'In', 0, ['Name'], [type], required];
const operation = (type: unknown, traits: unknown = 0) => ({
  Op: [9, 'n', 'Op', traits, () => input(type), () => 'unit'],
});

describe('a schema the generator does not know stops it', () => {
  test.each<[string, Record<string, unknown>]>([
    ['a scalar', operation(15)],
    ['a timestamp of another format', operation(6)],
    ['a big integer', operation(17)],
    ['a list of such', operation(64 | 15)],
    ['a kind', operation([7, 'n', 'Odd', 0, 0])],
    ['a place: header', operation([0, { httpHeader: 'x-name' }])],
    ['a place: payload', operation([0, 16])],
    ['another name on the wire', operation([0, { jsonName: 'other' }])],
    ['a query key that is not the name of the member', operation([0, { httpQuery: 'other' }])],
    ['a map whose keys are no strings', operation([2, 'n', 'Map', 0, 1, 0])],
    ['a REST binding where there is none', operation(0, { http: ['GET', '/x', 200] })],
  ])('%s', (_, exported) => {
    expect(() => readSchemas(facts, exported)).toThrow();
  });
});

test('what it knows becomes one line per structure', () => {
  const Tag = [3, 'n', 'Tag', 0, ['Key', 'Value'], [0, [() => [0, 'n', 'secret', 8, 0], 0]], 1];
  const exported = {
    Op: [
      9,
      'n',
      'Op',
      2,
      () => [
        3,
        'n',
        'In',
        0,
        ['A', 'B', 'C', 'D'],
        [[1, 4], 64 | 4, () => [1, 'n', 'L', 0, () => Tag], 128 | 21],
        1,
      ],
      () => 'unit',
    ],
    Gone: [
      -3,
      'n',
      'GoneException',
      { error: 'client', httpError: 410, awsQueryError: ['Gone', 409] },
      ['message'],
      [0],
    ],
    Base: [-3, 'smithy', 'XServiceException', 0, [], []],
  };
  expect(readSchemas(facts, exported)).toEqual({
    ...facts,
    operations: { Op: 'In -' },
    structures: { In: 'A!:number~ B:[timestamp] C:[Tag] D:{blob}', Tag: 'Key! Value' },
    errors: { GoneException: '409 Gone message' },
  });
});
