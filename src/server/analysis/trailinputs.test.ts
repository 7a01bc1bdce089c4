import { expect, test } from 'vitest';
import { buildRecords } from '../../audit/cloudtrail/build.ts';
import type { TrailItem } from '../../audit/item.ts';
import { aCall } from '../../audit/testworld.ts';
import { type TrailReading, withTrail } from './trailinputs.ts';

const account = '111122223333';
const now = Date.UTC(2026, 10, 21, 12);

function items(count: number, code: string): readonly TrailItem[] {
  const records = buildRecords(aCall({ code }), { now, newId: () => 'id', operatorAccountId: account });
  return Array.from({ length: count }, () =>
    records.map((record) => ({
      ...({ kind: 'aws', accountId: account, record } as const),
      position: `${String(now).padStart(14, '0')}-000000-x`,
    })),
  ).flat();
}

/** A trail of these pages, and how often it was asked. */
function trailOf(pages: readonly (readonly TrailItem[])[]) {
  const asked: unknown[] = [];
  const trail: TrailReading['trail'] = {
    async read({ after }) {
      asked.push(after);
      const at = after === undefined ? 0 : Number(after.split('-')[1]);
      const next = at + 1 < pages.length ? `${String(now).padStart(14, '0')}-${at + 1}` : undefined;
      return { items: pages[at] ?? [], next };
    },
  };
  return { trail, asked };
}

const reading = { accountId: account, now, patience: 60_000 };
const refused = 'AccessDeniedException';

test('a refusal is found behind any number of calls that succeeded', async () => {
  const { trail } = trailOf([items(1000, 'OK'), items(1000, 'OK'), items(2, refused)]);
  expect(await withTrail('ExplainLast', { count: 3 }, { trail, ...reading })).toMatchObject({
    ...{ count: 3, gaps: [] },
    records: [{ errorCode: refused }, { errorCode: refused }],
  });
});

test('no more is looked through than was said', async () => {
  const { trail, asked } = trailOf([items(1000, refused), items(1000, refused)]);
  const { records } = (await withTrail('ExplainLast', {}, { trail, ...reading })) as { records: unknown[] };
  expect(records).toHaveLength(1000);
  expect(asked).toHaveLength(1);
});

test('a trail that takes too long to read is a gap, and not an answer that looks whole', async () => {
  const { trail } = trailOf([items(1, 'OK'), items(1, 'OK')]);
  const cut = { area: 'usage', reason: expect.stringContaining('only what came after 2026-11-21T12:00:00') };
  const hurried = { trail, ...reading, patience: -1 };
  expect(await withTrail('ExplainLast', {}, hurried)).toMatchObject({ gaps: [cut] });
  expect(await withTrail('LeastPrivilege', {}, hurried)).toMatchObject({ gaps: [cut] });
  expect(await withTrail('LintAccess', { usageSince: new Date(0) }, hurried)).toMatchObject({
    usage: { gaps: [cut] },
  });
});

test('nothing is read for nobody, nor for what needs none of it', async () => {
  const { trail, asked } = trailOf([items(1, 'OK'), items(1, 'OK'), items(1, 'OK')]);
  await withTrail('LeastPrivilege', {}, { trail, ...reading, signal: AbortSignal.abort() });
  expect(asked).toHaveLength(1);
  const input = { clusterName: 'x' };
  expect(await withTrail('WhoCan', input, { trail, ...reading })).toBe(input);
  expect(await withTrail('LintAccess', input, { trail, ...reading })).toBe(input);
  expect(asked).toHaveLength(1);
});
