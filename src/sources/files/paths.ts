import { opendir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SourceError } from '../sourceerror.ts';

/** A file that is to be read. */
export interface NamedFile {
  /** As it is shown: the named path, with the names below it. */
  readonly path: string;
  /** Whether it was found in a directory: then it may be anything. */
  readonly isFound: boolean;
}

export interface Walk {
  readonly files: readonly NamedFile[];
  /** What in directories was not looked into, in words: `3 files of other kinds (.md, .tf)`. */
  readonly leftOut: readonly string[];
}

/** Names of files in directories that may hold something. A file that is named itself is read whatever its name. */
const mayHold = /\.(?:ya?ml|json|template|csv)$/i;
const mostFiles = 20_000;
const deepestDirectory = 32;

/**
 * The files under the paths, directories walked in order of names. Directories that begin with a dot are left out, and so is
 * whatever is no plain file: a pipe or a device may never end. Links count as what they lead to, each directory once.
 */
export async function walkPaths(paths: readonly string[]): Promise<Walk> {
  const files: NamedFile[] = [];
  const others = new Map<string, number>();
  const seen = new Set<string>();
  const leaveOut = (what: string): void => void others.set(what, (others.get(what) ?? 0) + 1);

  const walk = async (directory: string, depth: number): Promise<void> => {
    const { dev, ino } = await stat(directory, { bigint: true });
    if (seen.has(`${dev} ${ino}`)) return;
    seen.add(`${dev} ${ino}`);
    if (depth > deepestDirectory) {
      leaveOut(`directories deeper than ${deepestDirectory}`);
      return;
    }
    for (const name of await namesIn(directory)) {
      const path = join(directory, name);
      const kind = await kindOf(path);
      if (kind === 'directory') {
        if (name.startsWith('.') || name === 'node_modules') leaveOut(`directories \`${name}\``);
        else await walk(path, depth + 1);
      } else if (kind === 'file' && mayHold.test(name)) {
        if (files.length >= mostFiles) {
          throw new SourceError(
            'misuse',
            `\`${directory}\` holds more than ${mostFiles} files`,
            'name the directories that matter',
          );
        }
        files.push({ path, isFound: true });
      } else if (kind === 'missing') leaveOut('links that lead nowhere');
      else leaveOut(kind === 'file' ? `files \`${endOf(name)}\`` : kind);
    }
  };

  for (const path of paths) {
    if (path === '-') {
      files.push({ path, isFound: false });
      continue;
    }
    const kind = await kindOf(path);
    switch (kind) {
      case 'directory':
        await walk(path, 0);
        break;
      case 'file':
        files.push({ path, isFound: false });
        break;
      case 'missing':
        throw new SourceError('misuse', `there is no file or directory \`${path}\``, 'look at the spelling');
      default:
        throw new SourceError(
          'misuse',
          `\`${path}\` is no file and no directory`,
          'use `-` for standard input',
        );
    }
  }
  return {
    files,
    leftOut: [...others].map(([what, count]) => (count === 1 ? what : `${count} ${what}`)),
  };
}

async function namesIn(directory: string): Promise<readonly string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(directory)) names.push(name);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new SourceError('failure', `directory \`${directory}\` cannot be read: ${code}`, undefined, {
      cause,
    });
  }
  return names.sort();
}

async function kindOf(path: string): Promise<'file' | 'directory' | 'missing' | 'pipes and devices'> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return 'directory';
    return found.isFile() ? 'file' : 'pipes and devices';
  } catch {
    // Also a link that leads nowhere or in a circle.
    return 'missing';
  }
}

function endOf(name: string): string {
  const end = basename(name).lastIndexOf('.');
  return end <= 0 ? name : `*${name.slice(end)}`;
}
