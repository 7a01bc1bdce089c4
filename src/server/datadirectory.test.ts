import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError } from './config.ts';
import {
  openDataDirectory,
  openTemporaryDirectory,
  readSealingKey,
  writePrivateFile,
} from './datadirectory.ts';
import { removeReadyFile, writeReadyFile } from './readyfile.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'entryway-test-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('a data directory', () => {
  test('is made with its parents, closed to others, and its sealing key stays the same', () => {
    const path = join(root, 'a', 'b');
    const first = openDataDirectory(path);
    expect(modeOf(path)).toBe(0o700);
    expect(modeOf(join(path, 'sealing.key'))).toBe(0o600);
    expect(first.sealingKey).toHaveLength(32);
    expect(openDataDirectory(path).sealingKey).toEqual(first.sealingKey);
    expect(readSealingKey(path)).toEqual(first.sealingKey);
    expect(readdirSync(path)).toEqual(['sealing.key']);
  });

  test('that is empty and open to others is closed', () => {
    const path = join(root, 'wide');
    mkdirSync(path);
    chmodSync(path, 0o777);
    openDataDirectory(path);
    expect(modeOf(path)).toBe(0o700);
  });

  test('that was opened later is closed again, with the files in it', () => {
    const path = join(root, 'data');
    openDataDirectory(path);
    const files = ['sealing.key', 'ca.key', 'server.json', 'entryway.db'].map((name) => join(path, name));
    for (const file of files.slice(1)) writeFileSync(file, 'x');
    for (const file of files) chmodSync(file, 0o644);
    chmodSync(path, 0o755);
    openDataDirectory(path);
    expect([path, ...files].map(modeOf)).toEqual([0o700, 0o600, 0o600, 0o600, 0o600]);
  });

  test('that is somebody’s open directory is refused and left alone', () => {
    writeFileSync(join(root, 'notes.txt'), 'mine');
    chmodSync(root, 0o755);
    expect(() => openDataDirectory(root)).toThrow(
      /holds other files and is open to other users \(mode 755\)/,
    );
    expect(modeOf(root)).toBe(0o755);
    expect(readdirSync(root)).toEqual(['notes.txt']);
  });

  test('that is a file is refused', () => {
    const path = join(root, 'file');
    writeFileSync(path, 'mine');
    expect(() => openDataDirectory(path)).toThrow(ConfigError);
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  test.each([0, 31, 33, 64])('with a sealing key of %i bytes is refused, and the file kept', (length) => {
    const path = join(root, 'data');
    mkdirSync(path, { mode: 0o700 });
    writeFileSync(join(path, 'sealing.key'), Buffer.alloc(length), { mode: 0o600 });
    expect(() => openDataDirectory(path)).toThrow(`has ${length} bytes instead of 32`);
    expect(statSync(join(path, 'sealing.key')).size).toBe(length);
  });

  test('with a database but no sealing key is refused: a new key would open nothing', () => {
    const path = join(root, 'data');
    mkdirSync(path, { mode: 0o700 });
    writeFileSync(join(path, 'entryway.db'), '');
    expect(() => openDataDirectory(path)).toThrow('has a database but no sealing key');
    expect(existsSync(join(path, 'sealing.key'))).toBe(false);
    expect(() => readSealingKey(path)).toThrow('has no sealing key');
  });

  test('opened by several processes at the same moment has one sealing key, and all of them have that one', async () => {
    const path = join(root, 'data');
    const module = JSON.stringify(new URL('./datadirectory.ts', import.meta.url).href);
    const program = `const { openDataDirectory } = await import(${module});
      while (Date.now() < Number(process.argv[1]));
      console.log(Buffer.from(openDataDirectory(${JSON.stringify(path)}).sealingKey).toString('hex'));`;
    mkdirSync(path, { mode: 0o700 });
    const shell = 'for i in 1 2 3 4; do "$0" --input-type=module -e "$1" "$2" & done; wait';
    const { stdout } = spawnSync('sh', ['-c', shell, process.execPath, program, String(Date.now() + 1_000)], {
      encoding: 'utf8',
    });
    const keys = stdout.trim().split('\n');
    expect(keys).toHaveLength(4);
    expect(new Set(keys)).toEqual(new Set([Buffer.from(readSealingKey(path)).toString('hex')]));
  });

  test('that is temporary goes away', () => {
    const directory = openTemporaryDirectory();
    expect(modeOf(directory.path)).toBe(0o700);
    directory.dispose();
    expect(existsSync(directory.path)).toBe(false);
  });
});

describe('a private file', () => {
  test('is readable by its owner only, also when it replaces one that was open', () => {
    const path = join(root, 'file');
    writeFileSync(path, 'old');
    chmodSync(path, 0o666);
    writePrivateFile(path, 'new');
    expect(readFileSync(path, 'utf8')).toBe('new');
    expect(modeOf(path)).toBe(0o600);
    expect(readdirSync(root)).toEqual(['file']);
  });

  test('replaces a link and does not follow it', () => {
    const [path, victim] = [join(root, 'link'), join(root, 'victim')];
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, path);
    writePrivateFile(path, 'secret');
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(lstatSync(path).isSymbolicLink()).toBe(false);
    expect(readFileSync(path, 'utf8')).toBe('secret');
  });

  test('is not written through a temporary name that others foresee', () => {
    const [path, victim] = [join(root, 'file'), join(root, 'victim')];
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, `${path}.${process.pid}.tmp`);
    symlinkSync(victim, `${path}.tmp`);
    writePrivateFile(path, 'secret');
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
  });
});

describe('the ready file', () => {
  const content = {
    awsEndpoint: 'http://127.0.0.1:1',
    kubernetesEndpoint: 'https://127.0.0.1:2',
    caFile: '/ca.crt',
    accountId: '111122223333',
    region: 'us-east-1',
    accessKeyId: 'AKIAEXAMPLE',
    secretAccessKey: 'secret',
    dataDir: '/data',
    pid: 1,
  };

  test('is JSON for its owner only', () => {
    const path = join(root, 'ready.json');
    writeReadyFile(path, content);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(content);
    expect(modeOf(path)).toBe(0o600);
  });

  test('that cannot be written is the operator’s mistake, and leaves nothing behind', () => {
    mkdirSync(join(root, 'directory', 'full'), { recursive: true });
    for (const path of [join(root, 'nowhere', 'ready.json'), join(root, 'directory')]) {
      expect(() => writeReadyFile(path, content)).toThrow(ConfigError);
    }
    expect(readdirSync(root)).toEqual(['directory']);
  });

  test('of an earlier server is taken away; a directory in its place is not', () => {
    const path = join(root, 'ready.json');
    writeReadyFile(path, content);
    removeReadyFile(path);
    expect(existsSync(path)).toBe(false);
    removeReadyFile(path);
    mkdirSync(path);
    expect(() => removeReadyFile(path)).toThrow(ConfigError);
  });
});
