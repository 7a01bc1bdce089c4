import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TokenFile } from './container.ts';

export interface IssuedToken {
  readonly token: string;
  /** Milliseconds. */
  readonly expiresAt: number;
}

export interface KeepTokensOptions {
  readonly files: readonly TokenFile[];
  readonly issue: (file: TokenFile) => Promise<IssuedToken>;
  /** A renewal failed: the token that is there stays, and it is tried again. */
  readonly failed: (file: TokenFile, error: unknown) => void;
}

const minute = 60_000;
/** A kubelet renews at four fifths of a token's life, and after a day at the latest. */
const share = 0.8;
const longest = 24 * 60 * minute;

/**
 * Writes the tokens and renews them as a kubelet does, until the function it resolves with is called; after that nothing is
 * written. Rejects when one cannot be had at first.
 */
export async function keepTokens({ files, issue, failed }: KeepTokensOptions): Promise<() => void> {
  const timers = new Map<TokenFile, NodeJS.Timeout>();
  let isOver = false;
  const stop = (): void => {
    isOver = true;
    for (const timer of timers.values()) clearTimeout(timer);
  };
  const renewIn = (file: TokenFile, milliseconds: number): void => {
    if (isOver) return;
    const renew = (): void => {
      keep(file).catch((error: unknown) => {
        if (!isOver) failed(file, error);
        renewIn(file, minute);
      });
    };
    timers.set(file, setTimeout(renew, milliseconds));
  };
  const keep = async (file: TokenFile): Promise<void> => {
    const { token, expiresAt } = await issue(file);
    if (isOver) return;
    writeToken(file.path, token);
    renewIn(file, Math.min(longest, Math.max(share * (expiresAt - Date.now()), minute)));
  };
  try {
    for (const file of files) await keep(file);
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}

/** Written aside and renamed: the command may be reading it. */
function writeToken(path: string, token: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.new`, token, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
