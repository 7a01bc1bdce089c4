import { setTimeout as sleep } from 'node:timers/promises';
import { startAlertDelivery } from '../../audit/alerts/delivery.ts';
import { createWebhookSender, type Webhook } from '../../audit/alerts/webhook.ts';
import type { Trail } from '../../audit/trail.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { createTrailApi, type TrailApi } from './api.ts';
import { createTrailFeed } from './feed.ts';

/** What the running server does with its trail for people: shows it, and sends alerts on when it is told where. */
export interface TrailService {
  readonly api: TrailApi;
  /** Answers who waits and writes down how far alerts were sent. Call it before the doors are closed. */
  close(): Promise<void>;
}

export function startTrailService(dependencies: {
  readonly trail: Trail;
  readonly storage: Storage;
  /** Undefined: no alert leaves the machine. */
  readonly webhook: Webhook | undefined;
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'alerts'>;
}): TrailService {
  const { trail, storage, webhook, now, log, metrics } = dependencies;
  const feed = createTrailFeed(trail);
  const delivery =
    webhook === undefined
      ? undefined
      : startAlertDelivery({
          trail,
          storage,
          send: createWebhookSender(webhook, { now }),
          now,
          log,
          // Aborted, it is over at once.
          wait: (ms, signal) => sleep(ms, undefined, { signal, ref: false }).catch(() => undefined),
        });
  if (delivery !== undefined) {
    metrics.alerts(() => ({
      delivered: delivery.delivered,
      lost: delivery.lost,
      waiting: delivery.waiting,
    }));
  }
  return {
    api: createTrailApi({ trail, feed, now: () => performance.now() }),
    async close() {
      feed.close();
      await delivery?.stop();
    },
  };
}
