import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import type { AccessUse } from '../../engine/analysis/usage/use.ts';
import { call, event, understand } from './testworld.ts';
import { createUsageReader, readUsageFiles } from './usage.ts';

const directory = mkdtempSync(join(tmpdir(), 'entryway-usage-'));
afterAll(() => rmSync(directory, { recursive: true }));

let files = 0;

async function readFile(content: string | Buffer, name = `log-${files++}`) {
  const file = join(directory, name);
  writeFileSync(file, content);
  const uses: AccessUse[] = [];
  const reader = createUsageReader((use) => void uses.push(use));
  await readUsageFiles([file], reader);
  const gaps = reader.gaps().map(({ reason, place }) => `${place?.line}:${place?.column} ${reason}`);
  return { actions: uses.map(({ did }) => (did.kind === 'aws' ? did.action : did.question.verb)), gaps };
}

describe('a file', () => {
  const two = [call('ListClusters'), call('DescribeCluster')];
  const lines = `${two.map((one) => JSON.stringify(one)).join('\n')}\n`;
  const list = { Records: [call('ListClusters'), call('DescribeCluster')] };
  const actions = ['eks:ListClusters', 'eks:DescribeCluster'];
  test.each<[string, string | Buffer]>([
    ['one record to a line', lines],
    ['without a last line break, with empty lines', `\n${lines.trim()}\r\n\n`],
    ['a list of CloudTrail', JSON.stringify({ Records: [call('ListClusters'), call('DescribeCluster')] })],
    ['the same over many lines', JSON.stringify(list, undefined, 2)],
    ['compressed', gzipSync(JSON.stringify({ Records: [call('ListClusters'), call('DescribeCluster')] }))],
    [
      'a plain list',
      `\uFEFF[${[call('ListClusters'), call('DescribeCluster')].map((one) => JSON.stringify(one)).join(',')}]`,
    ],
    [
      'lookup-events of the AWS CLI',
      JSON.stringify({
        Events: [call('ListClusters'), call('DescribeCluster')].map((one) => ({
          CloudTrailEvent: JSON.stringify(one),
        })),
        NextToken: 'x',
      }),
    ],
    [
      'filter-log-events of CloudWatch',
      JSON.stringify({
        events: [call('ListClusters'), call('DescribeCluster')].map((one) => ({
          message: JSON.stringify(one),
        })),
      }),
    ],
    [
      'files put together, each with what stands behind its list',
      ['ListClusters', 'DescribeCluster']
        .map((name) => JSON.stringify({ Records: [call(name)], more: [{ a: '}]' }] }))
        .join(''),
    ],
    [
      'lists, each in its line',
      `[${JSON.stringify(call('ListClusters'))}]\n[${JSON.stringify(call('DescribeCluster'))}]\n`,
    ],
    [
      'a list, then lines',
      `[${JSON.stringify(call('ListClusters'))}]\n${JSON.stringify(call('DescribeCluster'))}`,
    ],
    [
      'compressed files put together',
      Buffer.concat(
        ['ListClusters', 'DescribeCluster'].map((name) =>
          gzipSync(JSON.stringify({ Records: [call(name)] })),
        ),
      ),
    ],
    [
      'lines, one of which is a list',
      `${JSON.stringify(call('ListClusters'))}\n${JSON.stringify({ Records: [call('DescribeCluster')] })}\n`,
    ],
  ])('%s', async (_, content) => {
    expect(await readFile(content)).toEqual({ actions, gaps: [] });
  });

  test.each<[string, number | undefined]>([
    ['in one line', undefined],
    ['over many', 2],
  ])('an EventList %s', async (_, indent) => {
    const items = [event('get', { resource: 'pods' }), event('list', { resource: 'pods' })];
    const list = { kind: 'EventList', apiVersion: 'audit.k8s.io/v1', metadata: {}, items };
    expect(await readFile(JSON.stringify(list, undefined, indent))).toEqual({
      actions: ['get', 'list'],
      gaps: [],
    });
    expect(understand(list).uses).toHaveLength(2);
  });

  test('broken lines are gaps with their place, and the rest is read', async () => {
    const content = `${JSON.stringify(call('ListClusters'))}\n{"eventName": \n[]\n"text"\n${JSON.stringify(call('DescribeCluster'))}`;
    expect(await readFile(content)).toEqual({
      actions,
      gaps: ['2:1 a line is no JSON', '3:1 a record is no object (2 times, the first one here)'],
    });
  });

  test.each<[string, string | Buffer, unknown]>([
    ['an empty file', '', { actions: [], gaps: [] }],
    [
      'a list that is cut off',
      `{"Records":[${JSON.stringify(call('ListClusters'))},{"a":"}`,
      { actions: ['eks:ListClusters'], gaps: [expect.stringContaining('the file ends within a record')] },
    ],
    [
      'something else between records',
      `[${JSON.stringify(call('ListClusters'))},7,{}]`,
      {
        actions: ['eks:ListClusters'],
        gaps: [expect.stringContaining('something that is no record'), expect.stringContaining('neither of')],
      },
    ],
    [
      'a list that ends behind a record',
      `[${JSON.stringify(call('ListClusters'))},`,
      { actions: ['eks:ListClusters'], gaps: [expect.stringContaining('the file ends within its list')] },
    ],
    [
      'a compressed file that is cut off',
      gzipSync(lines).subarray(0, 40),
      { actions: expect.anything(), gaps: [expect.stringContaining('read only in part')] },
    ],
    [
      'another kind of file',
      'kind: Pod\nname: x\n',
      { actions: [], gaps: ['1:1 a line is no JSON (2 times, the first one here)'] },
    ],
    [
      'deep nesting',
      `${'['.repeat(100_000)}\n${JSON.stringify(call('ListClusters'))}`,
      { actions: ['eks:ListClusters'], gaps: [expect.anything(), expect.anything()] },
    ],
  ])('%s', async (_, content, expected) => expect(await readFile(content)).toEqual(expected));

  test('a line of 100 MB is a gap, and what follows is read', async () => {
    const long = Buffer.alloc(100 * 1024 * 1024, 0x61);
    const content = Buffer.concat([
      Buffer.from('"'),
      long,
      Buffer.from(`"\n${JSON.stringify(call('ListClusters'))}\n`),
    ]);
    expect(await readFile(content)).toEqual({
      actions: ['eks:ListClusters'],
      gaps: ['1:1 a record longer than 4 MiB was not read'],
    });
  });

  test('a file that is not there is said', async () => {
    const reader = createUsageReader(() => undefined);
    await expect(readUsageFiles([join(directory, 'nothing')], reader)).rejects.toMatchObject({
      code: 'misuse',
    });
    await expect(readUsageFiles([directory], reader)).rejects.toMatchObject({ code: 'misuse' });
  });
});
