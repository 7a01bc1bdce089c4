import type { TrailItem } from '../audit/item.ts';
import type { TrailFilter } from '../server/trail/filter.ts';
import { type ConnectionOptions, readConnection } from './connection.ts';
import { CommandError } from './failure.ts';
import { type AlertOptions, showAlerts } from './trail/alerts.ts';
import { openTrailClient } from './trail/client.ts';
import { withNew } from './trail/follow.ts';
import { contentOf, createRowWriter, endQuietlyWithReader, jsonLine, writeText } from './trail/lines.ts';
import { trailColumns, trailRow } from './trail/row.ts';
import { parseRange, type Range, type RangeOptions } from './trail/times.ts';

export interface TrailOptions extends ConnectionOptions, RangeOptions, AlertOptions {
  readonly account?: string;
  readonly user?: string;
  readonly event?: string;
  readonly source?: string;
  readonly ip?: string;
  readonly accessKey?: string;
  readonly principal?: string;
  readonly cluster?: string;
  readonly errors?: true;
  readonly kubernetes?: true;
  readonly limit?: string;
  readonly follow?: true;
  readonly json?: true;
  readonly alerts?: true;
}

/** Shown when nothing says how far back. */
const usualCount = 50;
const mostCount = 10_000;

/** Prints records of the running server's trail, newest last. */
export async function showTrail(options: TrailOptions): Promise<void> {
  const filter = filterOf(options);
  const range = parseRange(options, Date.now());
  if (options.follow && range.to !== undefined) {
    throw new CommandError('misuse', '--follow has no end and takes no --until', 'leave one of them out');
  }
  if (options.alerts && options.limit !== undefined) {
    throw new CommandError('misuse', '--alerts takes no --limit', 'choose alerts by --severity and --since');
  }
  const count = countOf(options, range);
  const connection = readConnection(options);
  const client = openTrailClient(connection);
  const out = process.stdout;
  endQuietlyWithReader(out);
  if (options.alerts)
    return showAlerts(client, range, { ...options, filter, ownAccountId: connection.accountId });

  const past =
    count === undefined ? client.read(filter, range) : once(() => client.newest(filter, range, count));
  const pages = options.follow ? withNew(client, filter, past) : past;
  const table = createRowWriter(
    out,
    trailColumns.map((title) => ({ title, usual: usualWidths[title] })),
  );
  let isEmpty = true;
  for await (const items of pages) {
    if (items.length === 0) continue;
    isEmpty = false;
    await (options.json
      ? writeText(out, items.map((item) => jsonLine(contentOf(item))).join(''))
      : table.write(items.map(trailRow)));
  }
  if (isEmpty) process.stderr.write('entryway: nothing was recorded that matches\n');
}

const usualWidths = { time: 20, who: 16, event: 24, 'source ip': 9, result: 6, resource: 0 } as const;

function filterOf(options: TrailOptions): TrailFilter {
  const { account, user, event, source, ip, accessKey, principal, cluster, errors, kubernetes } = options;
  const given = {
    accountId: account,
    user,
    event,
    source,
    ip,
    accessKey,
    principal,
    cluster,
    errors,
    kubernetes,
  };
  for (const [name, value] of Object.entries(given)) {
    if (value === '') throw new CommandError('misuse', `${name} is empty`);
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** How many at the end; undefined for all since a moment. */
function countOf({ limit }: TrailOptions, { from }: Range): number | undefined {
  if (limit === undefined) return from === undefined ? usualCount : undefined;
  const count = Number(limit);
  if (!/^\d+$/.test(limit) || count < 1 || count > mostCount) {
    throw new CommandError('misuse', `--limit \`${limit}\` is not a number from 1 to ${mostCount}`);
  }
  return count;
}

async function* once(read: () => Promise<readonly TrailItem[]>): AsyncIterable<readonly TrailItem[]> {
  yield await read();
}
