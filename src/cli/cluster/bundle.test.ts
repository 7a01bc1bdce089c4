import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CommandError } from '../failure.ts';
import { type BundleOptions, writeBundle } from './bundle.ts';

let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'entryway-bundle-'));
});

afterAll(() => rmSync(directory, { recursive: true }));

/** What the command ends with. There is no server: a wish that is let through fails on that. */
async function failure(change: Partial<BundleOptions>): Promise<CommandError> {
  const options = {
    for: 'k3s',
    out: join(directory, 'out'),
    kubernetesVersion: '1.34',
    days: '365',
  } as const;
  try {
    await writeBundle('prod', { data: join(directory, 'nobody'), ...options, ...change });
  } catch (error) {
    if (error instanceof CommandError) return error;
    throw error;
  }
  throw new Error('the command ended well');
}

test.each([
  ['an old version', { kubernetesVersion: '1.27' }, 'is not a version from 1.28 to 1.36'],
  ['a version that is not known yet', { kubernetesVersion: '1.37' }, 'is not a version from 1.28 to 1.36'],
  ['a list of audiences in one', { apiAudience: ['a,b'] }, '`a,b` is several audiences'],
  ['an address with a path', { address: 'https://h:1/path' }, 'is not https://HOST:PORT'],
  ['an address with a query', { address: 'https://h:1/?a=b' }, 'is not https://HOST:PORT'],
  ['an address with credentials', { address: 'https://me:secret@h:1' }, 'is not https://HOST:PORT'],
  ['an address without TLS', { address: 'http://h:1' }, 'is not https://HOST:PORT'],
  ['an address that is none', { address: 'h:1' }, 'is not https://HOST:PORT'],
])('%s is misuse', async (_, change, message) => {
  const { outcome, message: told } = await failure(change);
  expect({ outcome, told }).toEqual({ outcome: 'misuse', told: expect.stringContaining(message) });
});

test('a directory with anything in it is refused before a certificate is asked for, and not touched', async () => {
  const out = join(directory, 'full');
  await failure({ out });
  writeFileSync(join(out, 'README.md'), 'mine');
  expect(await failure({ out })).toMatchObject({
    outcome: 'misuse',
    message: expect.stringContaining('not empty'),
  });
  expect(readdirSync(out)).toEqual(['README.md']);
});

test('with --force an earlier bundle stays until there is a new one', async () => {
  const out = join(directory, 'forced');
  await failure({ out });
  writeFileSync(join(out, 'README.md'), 'earlier');
  expect(await failure({ out, force: true })).toMatchObject({
    message: expect.stringContaining('no server'),
  });
  expect(readdirSync(out)).toEqual(['README.md']);
});
