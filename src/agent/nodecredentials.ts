import { followFile } from '../clients/followedfile.ts';
import { parseSharedCredentials } from '../clients/sharedcredentials.ts';
import type { SigningCredentials } from '../wire/sigv4/sign.ts';
import type { AgentLog } from './telling.ts';

/** Who the node is, asked before each call of EKS Auth. */
export type NodeCredentials = () => Promise<SigningCredentials>;

/** The keys of a profile of a shared credentials file, read anew when the file changes: nodes outside AWS rotate them there. */
export function followedCredentials(options: {
  readonly file: string;
  readonly profile: string;
  readonly log: AgentLog;
  /** Milliseconds. */
  readonly now: () => number;
}): NodeCredentials {
  const { file, profile, log, now } = options;
  const followed = followFile({
    ...{ path: file, now, log: { error: log.warn } },
    parse: (text) => parseSharedCredentials(text, profile),
  });
  return () => followed.current();
}

export interface ReadCredentials {
  readonly credentials: SigningCredentials;
  /** Milliseconds; absent: they do not expire. */
  readonly expiresAt?: number;
}

/** Read again so long before they expire, in milliseconds. */
const early = 5 * 60_000;

/** Milliseconds a reading may take: a program that a profile names may never end. */
const patience = 30_000;

/**
 * Keeps what was read, and reads again before it expires. While reading fails, what was read before is used to its end.
 * Several who ask at one time wait for one reading.
 */
export function keptCredentials(read: () => Promise<ReadCredentials>, now: () => number): NodeCredentials {
  let kept: ReadCredentials | undefined;
  let reading: Promise<ReadCredentials> | undefined;
  const lasts = (spare: number): boolean =>
    kept !== undefined && (kept.expiresAt === undefined || kept.expiresAt - now() > spare);
  return async () => {
    if (!lasts(early)) {
      reading ??= inTime(read()).finally(() => {
        reading = undefined;
      });
      try {
        kept = await reading;
      } catch (error) {
        if (!lasts(0)) throw error;
      }
    }
    if (kept === undefined) throw new Error('the node has no credentials');
    return kept.credentials;
  };
}

function inTime<T>(reading: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const end = (): void => reject(new Error(`nothing came within ${patience / 1000} s`));
    timer = setTimeout(end, patience);
  });
  return Promise.race([reading, late]).finally(() => clearTimeout(timer));
}
