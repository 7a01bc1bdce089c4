import { readFileSync } from 'node:fs';
import { CommandError } from './failure.ts';

/** The text of a file that the user named; `-` is standard input. One that cannot be read is misuse. */
export function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file === '-' ? 0 : file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    switch (code) {
      case 'ENOENT':
        throw new CommandError('misuse', `there is no file \`${file}\``, 'look at the spelling');
      case 'EISDIR':
        throw new CommandError('misuse', `\`${file}\` is a directory`, 'name the files in it');
      case 'ERR_ENCODING_INVALID_ENCODED_DATA':
        throw new CommandError('misuse', `\`${file}\` is not UTF-8 text`, 'save it as UTF-8');
      default:
        throw new CommandError(
          'misuse',
          `\`${file}\` cannot be read: ${code ?? message}`,
          'look at who may read it',
        );
    }
  }
}
