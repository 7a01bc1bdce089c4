import { createPublicKey, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type DigestPublicKey, digestPublicKey } from '../../audit/export/digest.ts';
import { openExportDirectory } from '../../audit/export/directory.ts';
import { verifyExport } from '../../audit/export/verify.ts';
import { readTrailKey } from '../../server/trail/signingkey.ts';
import { type ConnectionOptions, dataDirectoryOf, readConnection } from '../connection.ts';
import { CommandError, exitCodes } from '../failure.ts';
import { counted } from '../render/counted.ts';
import { printable } from '../render/printable.ts';

export interface VerifyOptions extends ConnectionOptions {
  readonly publicKey?: string;
}

/** Checks an export against the data directory's key, or a public key that was kept apart from the export. */
export async function verifyTrail(path: string, options: VerifyOptions): Promise<void> {
  const directory = resolve(path);
  if (!existsSync(directory)) throw new CommandError('misuse', `there is no directory \`${path}\``);
  const { problems, digests, logFiles, from, until } = await verifyExport(openExportDirectory(directory), [
    options.publicKey === undefined ? ownKey(options) : keyOf(options.publicKey),
  ]);
  const good = `${counted(digests, 'digest')} and ${counted(logFiles, 'log file')} as they were signed`;
  const range = from === undefined || until === undefined ? '' : `, from ${from} to ${until}`;
  process.stdout.write(
    `${problems.map(({ key, problem }) => `WRONG  ${printable(key)} ${printable(problem)}\n`).join('')}${good}${range}\n`,
  );
  if (problems.length > 0) process.exitCode = exitCodes.denied;
}

/** Prints the key that exports are verified with, to be kept apart from them. */
export function printPublicKey(options: ConnectionOptions): void {
  process.stdout.write(ownKey(options).key.export({ type: 'spki', format: 'pem' }));
}

function ownKey(options: ConnectionOptions): DigestPublicKey {
  const directory =
    options.readyFile === undefined ? dataDirectoryOf(options) : readConnection(options).dataDir;
  const key = readTrailKey(directory);
  if (key !== undefined) return digestPublicKey(key);
  throw new CommandError(
    'failure',
    `\`${directory}\` has no key that signs exports`,
    'it is made by the first `entryway trail export`; elsewhere, give --public-key',
  );
}

function keyOf(file: string): DigestPublicKey {
  let key: KeyObject | undefined;
  try {
    key = createPublicKey(readFileSync(file));
  } catch {
    // Told like a key of another kind.
  }
  if (key?.asymmetricKeyType !== 'rsa') {
    throw new CommandError(
      'misuse',
      `\`${file}\` holds no RSA public key`,
      'print it with `entryway trail public-key` beside the data directory',
    );
  }
  return digestPublicKey(key);
}
