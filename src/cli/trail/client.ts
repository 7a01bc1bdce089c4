import type { TrailItem } from '../../audit/item.ts';
import { callExtension } from '../../clients/aws.ts';
import { rootCredentials } from '../../server/operatoridentity.ts';
import type { ReadyFile } from '../../server/readyfile.ts';
import type {
  TrailFollowAnswer,
  TrailFollowRequest,
  TrailReadAnswer,
  TrailReadRequest,
  TrailSettleAnswer,
} from '../../server/trail/api.ts';
import type { TrailFilter } from '../../server/trail/filter.ts';
import { CommandError } from '../failure.ts';
import type { Range } from './times.ts';

/** The trail of a running server, as its operator. Holds two pages at a time. */
export interface TrailClient {
  /** Oldest first, to the end. */
  read(filter: TrailFilter, range: Range): AsyncIterable<readonly TrailItem[]>;
  /** The newest ones, oldest of them first. */
  newest(filter: TrailFilter, range: Range, count: number): Promise<readonly TrailItem[]>;
  /** Without a cursor: where new records begin. With one: what came after it, or nothing when none came for a while. */
  follow(filter: TrailFilter, cursor: string | undefined): Promise<TrailFollowAnswer>;
  /** Epoch milliseconds: what stands before is complete for good. */
  settledUntil(): Promise<number>;
}

/** The server answers sooner, so that a connection that hangs is told from a quiet trail. */
const waitMs = 10_000;
const pageSize = 1000;

export function openTrailClient(connection: ReadyFile): TrailClient {
  const ask = async <Answer>(path: string, input: object): Promise<Answer> => {
    const { status, body } = await callExtension(
      {
        endpoint: connection.awsEndpoint,
        region: connection.region,
        // Made anew for each page: a session of the operator ends after a while, following does not.
        credentials: rootCredentials(connection),
      },
      `/entryway/v1/trail/${path}`,
      input,
    ).catch(toldIfStopped);
    if (status === 200) return body as Answer;
    const { message } = body as { readonly message: string };
    throw new CommandError(status === 403 ? 'denied' : 'failure', message);
  };
  const page = (request: TrailReadRequest): Promise<TrailReadAnswer> => ask('read', request);
  return {
    async *read(filter, range) {
      const from = (after?: string): Promise<TrailReadAnswer> => {
        const place = after === undefined ? {} : { after };
        const asked = page({ filter, ...range, order: 'oldest', limit: pageSize, ...place });
        // Whoever stops reading does not care any more; whoever goes on awaits it below.
        asked.catch(() => undefined);
        return asked;
      };
      let asked: Promise<TrailReadAnswer> | undefined = from();
      while (asked !== undefined) {
        const { items, next }: TrailReadAnswer = await asked;
        // The server looks for the next page while this one is used.
        asked = next === undefined ? undefined : from(next);
        yield items;
      }
    },
    async newest(filter, range, count) {
      const found: TrailItem[] = [];
      let after: string | undefined;
      do {
        const { items, next } = await page({
          filter,
          ...range,
          order: 'newest',
          limit: Math.min(count - found.length, pageSize),
          ...(after === undefined ? {} : { after }),
        });
        found.push(...items);
        after = next;
      } while (after !== undefined && found.length < count);
      return found.reverse();
    },
    follow(filter, cursor) {
      const request: TrailFollowRequest =
        cursor === undefined ? { filter, waitMs: 0 } : { filter, waitMs, cursor };
      return ask('follow', request);
    },
    async settledUntil() {
      return (await ask<TrailSettleAnswer>('settle', {})).until;
    },
  };
}

/** A server that stops cuts those who follow. */
function toldIfStopped(error: unknown): never {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ECONNRESET' || code === 'ECONNREFUSED') {
    throw new CommandError('failure', 'the server was stopped', 'start it again, then this command', {
      cause: error,
    });
  }
  throw error;
}
