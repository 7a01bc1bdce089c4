import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import { emptySnapshot } from '../../engine/analysis/snapshot/snapshot.ts';
import { writeSnapshot } from '../../sources/saved/saved.ts';
import { askedOf, readLiveSource } from './live.ts';
import type { SourceOptions } from './options.ts';

const directory = mkdtempSync(join(tmpdir(), 'entryway-live-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());
// Without a region nobody is asked, so that whoever reads anew fails.
beforeEach(() => {
  for (const [name, value] of Object.entries({
    ...{ AWS_REGION: '', AWS_DEFAULT_REGION: '', HOME: directory, KUBECONFIG: join(directory, 'none') },
    ...{ AWS_CONFIG_FILE: join(directory, 'none'), AWS_SHARED_CREDENTIALS_FILE: join(directory, 'none') },
  })) {
    vi.stubEnv(name, value);
  }
});

const kubeconfig = join(directory, 'kubeconfig');
const asks = (options: SourceOptions, env: Record<string, string> = {}) =>
  askedOf(options, { HOME: directory, AWS_PROFILE: 'one', ...env });

test('what was kept for one profile, region, kubeconfig, context or cluster is nobody else’s', () => {
  writeFileSync(kubeconfig, 'current-context: one');
  const base = asks({});
  const others = [
    asks({ profile: 'two' }),
    asks({}, { AWS_PROFILE: 'two' }),
    asks({ awsRegion: 'eu-west-1' }),
    asks({}, { AWS_REGION: 'eu-west-1' }),
    asks({}, { AWS_ACCESS_KEY_ID: 'AKIAY' }),
    asks({}, { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' }),
    asks({ context: 'two' }),
    asks({ cluster: ['two'] }),
    asks({ kubeconfig }),
  ];
  // Whom a context or a profile means may have changed in its file.
  writeFileSync(kubeconfig, 'current-context: two');
  others.push(asks({ kubeconfig }));
  const configured = { AWS_CONFIG_FILE: join(directory, 'config') };
  others.push(asks({}, configured));
  writeFileSync(configured.AWS_CONFIG_FILE, '[default]');
  others.push(asks({}, configured));
  expect(new Set([base, ...others]).size).toBe(1 + others.length);
  expect(asks({ cluster: ['a', 'b'] })).toBe(asks({ cluster: ['b', 'a'] }));
  expect(asks({})).toBe(base);
});

test('what was kept is taken while it is fresh, and only for the same question', async () => {
  const cache = join(directory, 'cache.json');
  const keep = (age: number, options: SourceOptions): void =>
    writeFileSync(
      cache,
      writeSnapshot({
        ...emptySnapshot('aws', Date.now() - age),
        sources: [`kept for ${askedOf(options, process.env)}`],
      }),
    );
  const told = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    const options = { cache, maxAge: '30m', cluster: ['main'] };
    keep(60_000, options);
    expect((await readLiveSource(options)).sources).toHaveLength(1);
    expect(told.mock.calls.join()).toContain('--max-age 0s reads anew');
    await expect(readLiveSource({ ...options, cluster: ['other'] })).rejects.toThrow('tells anything');
    keep(31 * 60_000, options);
    await expect(readLiveSource(options)).rejects.toThrow('tells anything');
    // A clock that went wrong keeps nothing fresh for ever.
    keep(-60_000, options);
    await expect(readLiveSource(options)).rejects.toThrow('tells anything');
  } finally {
    told.mockRestore();
  }
});

test('a file that --cache did not write is not overwritten', async () => {
  const cache = join(directory, 'precious');
  for (const text of ['my notes', writeSnapshot(emptySnapshot('aws', Date.now()))]) {
    writeFileSync(cache, text);
    await expect(readLiveSource({ cache })).rejects.toThrow('would be overwritten');
    expect(readFileSync(cache, 'utf8')).toBe(text);
  }
});
