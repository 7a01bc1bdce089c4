import { createHash } from 'node:crypto';
import { alertRules } from './catalogue.ts';
import { actorOf, idOf, sourceOf, type TrailEvent, textAt, timeOf } from './event.ts';
import { type AlertRule, type CountRule, type Finding, hour, minute, type Severity } from './rule.ts';

/** What a rule found, as it is shown and sent. JSON. */
export interface Alert {
  /** The same finding read again has the same id: who was told twice can tell. */
  readonly id: string;
  readonly ruleId: string;
  readonly severity: Severity;
  readonly title: string;
  /** When the event happened that completed it, ISO 8601; empty when its record does not say. */
  readonly time: string;
  readonly subject: string;
  readonly summary: string;
  readonly why: string;
  readonly look: string;
  readonly event: {
    readonly kind: TrailEvent['kind'];
    /** `eventID` or `auditID`. */
    readonly id: string;
    /** `eventName`, or the verb and resource of a Kubernetes request. */
    readonly name: string;
    readonly actor: string;
    readonly sourceIp?: string;
  };
}

export interface AlertEngine {
  /** The alerts that this event completes. Events come in the order of the trail. */
  observe(event: TrailEvent): readonly Alert[];
}

export interface AlertEngineOptions {
  readonly rules?: readonly AlertRule[];
  /** Subjects counted at once for one rule and window. */
  readonly subjects?: number;
}

/**
 * Every window of the catalogue divides this one: an engine that begins to read at a multiple of it sees what one that
 * never stopped sees.
 */
export const longestWindowMs = hour;

/**
 * Windows kept for each rule: the ones used last, not the latest, so that a clock that once stood wrong does not blind
 * the rule.
 */
const windowsKept = 4;

interface Counter {
  count: number;
  readonly distinct: Set<string>;
}

/** INVARIANT: what is held is bounded by rules × windows × subjects × the rule's `atLeast`, not by the trail. */
export function createAlertEngine({
  rules = alertRules,
  subjects: mostSubjects = 10_000,
}: AlertEngineOptions = {}): AlertEngine {
  const windowsOf = new Map<CountRule, Map<number, Map<string, Counter>>>();

  /** The finding as it is told when it completes the count; undefined before and after. */
  const counted = (rule: CountRule, event: TrailEvent): (Finding & { readonly key: string }) | undefined => {
    const finding = rule.find(event);
    if (finding === undefined) return undefined;
    const start = Math.floor(timeOf(event) / rule.windowMs) * rule.windowMs;
    const counters = recent(windowsOf, rule, start);
    let { subject } = finding;
    let counter = counters.get(subject);
    if (counter === undefined && counters.size >= mostSubjects) {
      // SECURITY: a flood of subjects must not push out the ones that are counted, nor go unnoticed: it is told as one.
      subject = '(others)';
      counter = counters.get(subject);
      if (counter !== undefined) return undefined;
      counters.set(subject, { count: 0, distinct: new Set() });
      return {
        key: `${start} ${subject}`,
        subject,
        summary: `more than ${mostSubjects} different subjects within ${spanOf(rule)}, for example: ${finding.summary}`,
      };
    }
    if (counter === undefined) {
      counter = { count: 0, distinct: new Set() };
      counters.set(subject, counter);
    }
    if (counter.count >= rule.atLeast) return undefined;
    if (finding.distinct !== undefined) counter.distinct.add(finding.distinct);
    counter.count = finding.distinct === undefined ? counter.count + 1 : counter.distinct.size;
    if (counter.count < rule.atLeast) return undefined;
    const summary =
      rule.atLeast === 1 ? finding.summary : `${rule.atLeast} ${finding.summary} within ${spanOf(rule)}`;
    return { key: `${start} ${subject}`, subject, summary };
  };

  return {
    observe(event) {
      const alerts: Alert[] = [];
      for (const rule of rules) {
        const found = rule.kind === 'count' ? counted(rule, event) : withKey(rule.find(event), idOf(event));
        if (found !== undefined) alerts.push(alertOf(rule, found, event));
      }
      return alerts;
    },
  };
}

function recent(
  windowsOf: Map<CountRule, Map<number, Map<string, Counter>>>,
  rule: CountRule,
  start: number,
): Map<string, Counter> {
  let windows = windowsOf.get(rule);
  if (windows === undefined) {
    windows = new Map();
    windowsOf.set(rule, windows);
  }
  const counters = windows.get(start) ?? new Map<string, Counter>();
  windows.delete(start);
  windows.set(start, counters);
  for (const oldest of windows.keys()) {
    if (windows.size <= windowsKept) break;
    windows.delete(oldest);
  }
  return counters;
}

function withKey(
  finding: Finding | undefined,
  key: string,
): (Finding & { readonly key: string }) | undefined {
  return finding === undefined ? undefined : { ...finding, key };
}

function alertOf(
  { id: ruleId, severity, title, why, look }: AlertRule,
  { key, subject, summary }: Finding & { readonly key: string },
  event: TrailEvent,
): Alert {
  const time = timeOf(event);
  const sourceIp = sourceOf(event);
  return {
    id: createHash('sha256')
      .update(JSON.stringify([ruleId, key, subject]))
      .digest('hex')
      .slice(0, 32),
    ruleId,
    severity,
    title,
    time: Number.isNaN(time) ? '' : new Date(time).toISOString(),
    subject,
    summary,
    why,
    look,
    event: {
      kind: event.kind,
      id: idOf(event),
      name: nameOf(event),
      actor: actorOf(event),
      ...(sourceIp === undefined ? {} : { sourceIp }),
    },
  };
}

function nameOf({ kind, record }: TrailEvent): string {
  if (kind === 'aws') return textAt(record, 'eventName') ?? '';
  const what = textAt(record, 'objectRef', 'resource') ?? textAt(record, 'requestURI') ?? '';
  return `${textAt(record, 'verb') ?? ''} ${what}`.trim();
}

function spanOf({ windowMs }: CountRule): string {
  return windowMs >= hour ? `${windowMs / hour} h` : `${windowMs / minute} min`;
}
