import { at, type JsonObject } from '../json.ts';
import { ageColumn, type Column, listAt, nameColumn, numberAt, text, textAt, wide } from './column.ts';

function statuses(object: JsonObject): ReturnType<typeof listAt> {
  return listAt(object, 'status', 'containerStatuses');
}

/** What kubectl calls the status: the most telling reason, not only the phase. */
function podStatus(object: JsonObject): string {
  const phase = textAt(object, 'Unknown', 'status', 'phase');
  let reason = textAt(object, phase, 'status', 'reason');
  for (const one of [...statuses(object)].reverse()) {
    const waiting = textAt(one, '', 'state', 'waiting', 'reason');
    const terminated = textAt(one, '', 'state', 'terminated', 'reason');
    if (waiting !== '') reason = waiting;
    else if (terminated !== '') reason = terminated;
    else if (at(one, 'state', 'terminated') !== undefined)
      reason = `ExitCode:${numberAt(one, 'state', 'terminated', 'exitCode')}`;
  }
  if (at(object, 'metadata', 'deletionTimestamp') === undefined) return reason;
  return textAt(object, '', 'status', 'reason') === 'NodeLost' ? 'Unknown' : 'Terminating';
}

function readyCount(object: JsonObject): string {
  const ready = statuses(object).filter((one) => at(one, 'ready') === true).length;
  return `${ready}/${listAt(object, 'spec', 'containers').length}`;
}

function readinessGates(object: JsonObject): string {
  const gates = listAt(object, 'spec', 'readinessGates').map((one) => textAt(one, '', 'conditionType'));
  if (gates.length === 0) return '<none>';
  const met = listAt(object, 'status', 'conditions').filter(
    (one) => gates.includes(textAt(one, '', 'type')) && textAt(one, '', 'status') === 'True',
  );
  return `${met.length}/${gates.length}`;
}

/** Columns of a pod (E18). */
export const podColumns: readonly Column[] = [
  nameColumn,
  text('Ready', readyCount),
  text('Status', podStatus),
  text('Restarts', (object) =>
    String(statuses(object).reduce<number>((sum, one) => sum + numberAt(one, 'restartCount'), 0)),
  ),
  ageColumn,
  wide(text('IP', (object) => textAt(object, '<none>', 'status', 'podIP'))),
  wide(text('Node', (object) => textAt(object, '<none>', 'spec', 'nodeName'))),
  wide(text('Nominated Node', (object) => textAt(object, '<none>', 'status', 'nominatedNodeName'))),
  wide(text('Readiness Gates', readinessGates)),
];
