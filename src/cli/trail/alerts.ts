import { type Alert, createAlertEngine, longestWindowMs } from '../../audit/alerts/engine.ts';
import { eventOf } from '../../audit/alerts/event.ts';
import { type Severity, severities } from '../../audit/alerts/rule.ts';
import type { TrailFilter } from '../../server/trail/filter.ts';
import { CommandError } from '../failure.ts';
import { printable } from '../render/printable.ts';
import type { TrailClient } from './client.ts';
import { withNew } from './follow.ts';
import { createRowWriter, jsonLine, writeText } from './lines.ts';
import type { Range } from './times.ts';

export interface AlertOptions {
  readonly severity?: Severity;
  readonly follow?: true;
  readonly json?: true;
}

const usualPastMs = 24 * 3_600_000;

/**
 * The alerts of a range, found by reading the trail again: the rules give the same answer each time, so nothing about
 * alerts is stored.
 */
export async function showAlerts(
  client: TrailClient,
  { from = Date.now() - usualPastMs, to }: Range,
  options: AlertOptions & {
    readonly filter: TrailFilter;
    /** The first account: its principals are told by their names alone. */
    readonly ownAccountId: string;
  },
): Promise<void> {
  const { accountId, kubernetes: _, ...others } = options.filter;
  const [refused] = Object.keys(others);
  if (refused !== undefined) {
    throw new CommandError(
      'misuse',
      `--alerts takes no --${refused === 'accessKey' ? 'access-key' : refused}`,
      'rules look at everybody; choose alerts by --severity, --account and time, or search the output of --json',
    );
  }
  const out = process.stdout;
  const least = severities.indexOf(options.severity ?? 'low');
  const engine = createAlertEngine();
  // Counts begin with a full window, so that the answer does not depend on where reading begins.
  const start = Math.floor(from / longestWindowMs) * longestWindowMs;
  const filter: TrailFilter = { kubernetes: true, ...(accountId === undefined ? {} : { accountId }) };
  const past = client.read(filter, { from: start, ...(to === undefined ? {} : { to }) });
  const table = createRowWriter(out, [
    { title: 'time', usual: 20 },
    { title: 'severity', usual: 8 },
    { title: 'rule', usual: 12 },
    { title: 'what', usual: 0 },
  ]);
  const raised = new Map<string, Alert>();
  for await (const items of options.follow ? withNew(client, filter, past) : past) {
    const alerts = items
      .flatMap((item) => engine.observe(eventOf(item)))
      .filter(({ time, severity }) => Date.parse(time) >= from && severities.indexOf(severity) <= least);
    for (const alert of alerts) raised.set(alert.ruleId, alert);
    if (alerts.length === 0) continue;
    await (options.json
      ? writeText(out, alerts.map(jsonLine).join(''))
      : table.write(alerts.map((alert) => alertRow(alert, options.ownAccountId))));
  }
  if (raised.size === 0) process.stderr.write('entryway: no alerts\n');
  else if (!options.json) await writeText(out, explained([...raised.values()]));
}

function alertRow({ time, severity, ruleId, summary }: Alert, ownAccountId: string): readonly string[] {
  const short = summary
    .replaceAll(new RegExp(`arn:aws:(?:iam|sts)::${ownAccountId}:`, 'g'), '')
    .replaceAll('assumed-role/', '');
  return [`${time.slice(0, 19)}Z`, severity, ruleId, short];
}

/** What each rule means, once. */
function explained(alerts: readonly Alert[]): string {
  const sorted = alerts.toSorted((a, b) => (a.ruleId < b.ruleId ? -1 : 1));
  return sorted
    .map(({ ruleId, title, why, look }) => `\n${ruleId}  ${title}\n  ${why}\n  Look at: ${look}\n`)
    .map((text) => text.split('\n').map(printable).join('\n'))
    .join('');
}
