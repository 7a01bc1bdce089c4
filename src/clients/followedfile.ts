import { readFile, stat } from 'node:fs/promises';

/** A file that the operator may change while the server runs. */
export interface FollowedFile<Content> {
  /** What it says; after a change that cannot be read, what it said before. Rejects only before the first good reading. */
  current(): Promise<Content>;
}

export interface FollowedFileOptions<Content> {
  readonly path: string;
  /** Throws when the text cannot be used; the message is logged, so it must not quote secrets. */
  readonly parse: (text: string) => Content;
  readonly log: { error(fields: Readonly<Record<string, string>>, message: string): void };
  /** Milliseconds; a file is looked at no more often than `interval`. */
  readonly now: () => number;
  readonly interval?: number;
}

const maximumBytes = 16 * 2 ** 20;

/**
 * Looks at the file when somebody asks, so that there is nothing to be closed. A bad change keeps the last good content,
 * and is told to the log once.
 */
export function followFile<Content>({
  path,
  parse,
  log,
  now,
  interval = 1000,
}: FollowedFileOptions<Content>): FollowedFile<Content> {
  let good: { readonly content: Content } | undefined;
  /** Of the file when it was read last, and when the log was told of trouble last. */
  let readState = '';
  let toldState = '';
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    let state = 'missing';
    try {
      const stats = await stat(path);
      // `ctime`, because the others may stay as they were when a file is copied into place or becomes readable.
      state = `${stats.mtimeMs} ${stats.ctimeMs} ${stats.size} ${stats.ino}`;
      if (state === readState && good !== undefined) return;
      if (!stats.isFile()) throw new Error('it is no file');
      if (stats.size > maximumBytes) throw new Error(`it is longer than ${maximumBytes} bytes`);
      const text = await readFile(path, 'utf8');
      readState = state;
      good = { content: parse(text) };
      toldState = '';
    } catch (error) {
      if (good === undefined) throw error;
      // Once for each state of the file.
      if (state === toldState) return;
      toldState = state;
      log.error(
        { path, error: messageOf(error) },
        'a changed file cannot be used; what it said before counts',
      );
    }
  };

  return {
    async current() {
      const since = now() - lookedAt;
      // A clock that was set back must not keep a file from being looked at.
      if (looking === undefined && (good === undefined || since >= interval || since < 0)) {
        lookedAt = now();
        looking = look().finally(() => {
          looking = undefined;
        });
      }
      if (looking !== undefined) await looking;
      if (good === undefined) throw new Error(`\`${path}\` has not been read`);
      return good.content;
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
