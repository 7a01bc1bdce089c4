import type { Log } from './log.ts';

/** Looks after a server certificate for as long as the process runs. */
export interface Renewal {
  /** Looks now; resolves when that is done. Never rejects. */
  look(): Promise<void>;
  stop(): void;
}

const day = 24 * 60 * 60 * 1000;
/** Before its end: long enough that a failure is noticed and the next look may succeed. */
const margin = 30 * day;

/**
 * Has a certificate made anew before it ends; `expiresAt` and what `renew` answers are epoch milliseconds. Looks every
 * hour, because clocks step and machines sleep.
 */
export function startRenewal(options: {
  readonly expiresAt: number;
  /** Makes and shows a new one, and answers when that ends. */
  readonly renew: () => Promise<number>;
  readonly now: () => number;
  readonly log: Pick<Log, 'info' | 'error'>;
  readonly what: string;
  readonly every?: number;
}): Renewal {
  const { renew, now, log, what, every = 60 * 60 * 1000 } = options;
  let { expiresAt } = options;
  let renewing: Promise<void> | undefined;
  const attempt = async (): Promise<void> => {
    try {
      expiresAt = await renew();
      log.info({ what, until: new Date(expiresAt).toISOString() }, 'a server certificate was renewed');
    } catch (error) {
      log.error({ what, error: String(error) }, 'a server certificate could not be renewed');
    } finally {
      renewing = undefined;
    }
  };
  const look = async (): Promise<void> => {
    if (now() < expiresAt - margin) return;
    renewing ??= attempt();
    await renewing;
  };
  const timer = setInterval(() => void look(), every);
  timer.unref();
  return { look, stop: () => clearInterval(timer) };
}
