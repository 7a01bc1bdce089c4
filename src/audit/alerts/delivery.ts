import { alertDeliveryKey } from '../../storage/records/keys.ts';
import type { Storage } from '../../storage/storage.ts';
import type { TrailItem } from '../item.ts';
import type { Trail } from '../trail.ts';
import { type Alert, createAlertEngine, longestWindowMs } from './engine.ts';
import { eventOf, timeOf } from './event.ts';
import type { SendAlert } from './webhook.ts';

export interface AlertDeliveryOptions {
  readonly trail: Pick<Trail, 'read' | 'subscribe'>;
  readonly storage: Pick<Storage, 'get' | 'commit'>;
  readonly send: SendAlert;
  readonly now: () => number;
  readonly log: AlertLog;
  /** Resolves after that many milliseconds, or at once when aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly limits?: Partial<AlertDeliveryLimits>;
}

export interface AlertDeliveryLimits {
  /** Alerts that wait to be sent; further ones are lost. */
  readonly waiting: number;
  /** An alert is tried again for so long, in milliseconds; then it is lost. */
  readonly patience: number;
}

interface AlertLog {
  warn(fields: Readonly<Record<string, string | number>>, message: string): void;
  error(fields: Readonly<Record<string, string | number>>, message: string): void;
}

/** Sends every alert at least once, across restarts. Nothing waits for it: neither a call nor its record. */
export interface AlertDelivery {
  readonly delivered: number;
  /** Given up or refused by the receiver; each one is logged. */
  readonly lost: number;
  readonly waiting: number;
  /** Sends nothing more and writes down how far it came. */
  stop(): Promise<void>;
}

/** How far delivery came. `recent` spares the receiver most repetitions. */
interface Progress {
  /** Epoch milliseconds: alerts of events before are done. */
  readonly until: number;
  /** Ids of the alerts sent last. */
  readonly recent: readonly string[];
}

const defaultLimits: AlertDeliveryLimits = { waiting: 10_000, patience: 24 * 3_600_000 };
/** A record can be stored this much after later ones: so far back is read again after a restart. */
const lateMs = 60_000;
const longestPauseMs = 60_000;
const saveEveryMs = 30_000;
const recentKept = 1_000;
const pageSize = 500;

export function startAlertDelivery(options: AlertDeliveryOptions): AlertDelivery {
  const { trail, storage, now, log } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const engine = createAlertEngine();
  const stopping = new AbortController();
  const { signal } = stopping;
  const queue: { readonly alert: Alert; readonly since: number }[] = [];
  const recent = new Set<string>();
  let delivered = 0;
  let lost = 0;
  /** Time of the newest event judged. */
  let seenUntil = 0;
  let savedAt = 0;
  let wake: () => void = () => undefined;
  const woken = (): Promise<void> => new Promise((resolve) => (wake = resolve));

  const lose = ({ id, ruleId }: Alert, reason: string): void => {
    lost += 1;
    log.error({ alert: id, rule: ruleId, reason, lost }, 'an alert was not delivered');
  };
  /** Judges one event; alerts of events before `from` are known already. */
  const judge = (item: TrailItem, from = 0): void => {
    const event = eventOf(item);
    const time = timeOf(event);
    const alerts = engine.observe(event);
    // A clock that is ahead for a moment must not hide what comes after.
    if (time > seenUntil && time <= now() + lateMs) seenUntil = time;
    if (time < from) return;
    for (const alert of alerts) {
      if (recent.has(alert.id)) continue;
      if (queue.length >= limits.waiting) lose(alert, `${limits.waiting} alerts wait already`);
      else queue.push({ alert, since: now() });
    }
    wake();
  };

  const judgeAll = (items: readonly TrailItem[]): void => {
    for (const item of items) judge(item);
  };

  const save = async (): Promise<void> => {
    savedAt = now();
    const oldest = Date.parse(queue[0]?.alert.time ?? '');
    const until = Number.isNaN(oldest) ? seenUntil : Math.min(seenUntil, oldest);
    const progress: Progress = { until, recent: [...recent] };
    const change = { type: 'put', key: alertDeliveryKey, value: JSON.stringify(progress) } as const;
    await storage
      .commit({ changes: [change] })
      .catch((error: unknown) => log.warn({ error: String(error) }, 'progress of alerts was not stored'));
  };

  const deliver = async (alert: Alert, since: number): Promise<void> => {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      const result = await options.send(alert, signal);
      if (result.outcome === 'delivered') {
        delivered += 1;
        recent.add(alert.id);
        for (const id of recent) {
          if (recent.size <= recentKept) break;
          recent.delete(id);
        }
        return;
      }
      if (signal.aborted) return;
      if (!result.retry) return lose(alert, result.reason);
      if (now() - since >= limits.patience) return lose(alert, `${result.reason}, in vain for too long`);
      const pause = Math.min(1000 * 2 ** attempt, longestPauseMs);
      if (attempt === 0) log.warn({ alert: alert.id, reason: result.reason }, 'an alert is tried again');
      await options.wait(pause, signal);
    }
  };

  const send = async (): Promise<void> => {
    while (!signal.aborted) {
      const sleeping = woken();
      const next = queue[0];
      if (next === undefined) {
        if (now() - savedAt >= saveEveryMs && seenUntil > 0) await save();
        await sleeping;
        continue;
      }
      await deliver(next.alert, next.since);
      if (signal.aborted) return;
      queue.shift();
      if (queue.length === 0 || now() - savedAt >= saveEveryMs) await save();
    }
  };

  /** Judges what is stored between two times, in order. Waits while too much waits to be sent. */
  const readThrough = async (
    from: number,
    to: number,
    judgeItem: (item: TrailItem) => void,
  ): Promise<void> => {
    let after: string | undefined;
    do {
      const page = await trail.read({
        from,
        to,
        order: 'oldest',
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      });
      for (const item of page.items) judgeItem(item);
      after = page.next;
      while (queue.length > limits.waiting / 2 && !signal.aborted) await options.wait(1000, signal);
    } while (after !== undefined && !signal.aborted);
  };

  let unsubscribe: () => void = () => undefined;
  const follow = async (): Promise<void> => {
    const stored = await storage.get(alertDeliveryKey);
    const started = now();
    if (stored === undefined) {
      // Alerts begin when they are first asked for: nobody wants those of the past all at once.
      seenUntil = started;
      unsubscribe = trail.subscribe(judgeAll);
      return save();
    }
    const progress = JSON.parse(stored.value) as Progress;
    for (const id of progress.recent) recent.add(id);
    seenUntil = progress.until;
    const from = progress.until - lateMs;
    const warmFrom = Math.floor(from / longestWindowMs) * longestWindowMs;
    /** Positions of records around the moment at which reading ends and hearing begins: each counts once. */
    const counted = new Set<string>();
    const once = (item: TrailItem): void => {
      if (counted.has(item.position)) return;
      if (timeOf(eventOf(item)) >= started - lateMs) counted.add(item.position);
      judge(item, from);
    };
    await readThrough(warmFrom, started, once);
    const meanwhile: TrailItem[] = [];
    let hear = (items: readonly TrailItem[]): void => void meanwhile.push(...items);
    unsubscribe = trail.subscribe((items) => hear(items));
    await readThrough(started - lateMs, now(), once);
    for (const item of meanwhile) once(item);
    hear = judgeAll;
  };

  const followed = follow().catch((error: unknown) => {
    log.error({ error: String(error) }, 'alerts of the past are not sent: the trail could not be read');
    unsubscribe();
    unsubscribe = trail.subscribe(judgeAll);
  });
  const sent = send();
  return {
    get delivered() {
      return delivered;
    },
    get lost() {
      return lost;
    },
    get waiting() {
      return queue.length;
    },
    async stop() {
      stopping.abort();
      unsubscribe();
      wake();
      await followed;
      unsubscribe();
      await sent;
      if (seenUntil > 0) await save();
    },
  };
}
