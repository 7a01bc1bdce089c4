import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'entryway-policylint-'));
afterAll(() => rmSync(directory, { recursive: true }));

const main = join(import.meta.dirname, 'main.ts');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function lint(args: readonly string[], stdin = ''): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [main, 'policy', 'lint', ...args],
      { cwd: directory, env: { ...process.env, NO_COLOR: '1' } },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    );
    child.stdin?.end(stdin);
  });
}

function file(name: string, content: string | Buffer): string {
  writeFileSync(join(directory, name), content);
  return name;
}

const statement = (more: object): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 'eks:DescribeCluster', Resource: '*', ...more }],
  });

test('a clean document ends with 0', async () => {
  expect(await lint([file('clean.json', statement({}))])).toEqual({
    code: 0,
    stdout: 'nothing found in 1 document\n',
    stderr: '',
  });
});

test('a finding shows its place in the text and ends with 1', async () => {
  const text =
    '{\n  "Version": "2012-10-17",\n  "Statement": {"Sid": "x", "Effect": "Allow", "Action": "eks:Nothing", "Resource": "*"}\n}\n';
  const { code, stdout } = await lint([file('found.json', text)]);
  expect(code).toBe(1);
  expect(stdout).toBe(
    [
      'found.json:3:58 error EW-POL-101 unknown action (statement 1 "x", Action)',
      ' 3 |   "Statement": {"Sid": "x", "Effect": "Allow", "Action": "eks:Nothing", "Resource": "*"}',
      `   | ${' '.repeat(57)}^^^^^^^^^^^^^`,
      '   = there is no action `eks:Nothing`',
      '',
      '1 finding in 1 document: 1 error',
      '',
    ].join('\n'),
  );
});

test('a document that cannot be read is a finding with line and column, and the next file is still looked at', async () => {
  const broken = file('broken.json', '{\n  "Statement": [}\n');
  const { code, stdout } = await lint([broken, file('second.json', statement({ Action: '*' }))]);
  expect(code).toBe(1);
  expect(stdout).toContain('broken.json:2:17 error EW-POL-001 malformed policy');
  expect(stdout).toContain('second.json:1:');
});

test('standard input is read for -, JSON says the same as the text', async () => {
  const { code, stdout } = await lint(['--output', 'json', '-'], statement({ Action: 'iam:PassRole' }));
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    findings: [{ file: 'stdin', line: 1, id: 'EW-POL-505', severity: 'security', statement: 1 }],
  });
});

test('less severe findings than asked for do not count', async () => {
  const name = file('case.json', statement({ Action: 'EKS:describecluster' }));
  expect((await lint([name])).code).toBe(1);
  expect(await lint(['--min-severity', 'warning', name])).toMatchObject({ code: 0 });
});

test('the kind can be told: the same document is clean as a boundary', async () => {
  const name = file('all.json', statement({ Action: '*' }));
  expect((await lint([name])).stdout).toContain('EW-POL-501');
  expect((await lint(['--kind', 'boundary', name])).code).toBe(0);
  expect((await lint(['--kind', 'trust', name])).stdout).toContain('Missing required field Principal');
});

test('a document cannot write to the terminal', async () => {
  const { stdout } = await lint([file('escape.json', statement({ Action: 'eks:\u001b[2J\u202e' }))]);
  expect(stdout).toContain('\\u001b[2J\\u202e');
  for (const hidden of ['\u001b', '\u202e']) expect(stdout).not.toContain(hidden);
});

test.each([
  ['no file', ['nowhere.json'], 'there is no file `nowhere.json`'],
  ['a directory', ['.'], '`.` is a directory'],
  ['no UTF-8', ['latin1.json'], '`latin1.json` is not UTF-8 text'],
  ['no argument', [], "missing required argument 'file'\nhint: --help shows"],
  ['an unknown kind', ['--kind', 'bucket', 'clean.json'], 'bucket'],
])('misuse ends with 2: %s', async (_, args, message) => {
  file('latin1.json', Buffer.from([0x7b, 0xe9, 0x7d]));
  const { code, stdout, stderr } = await lint(args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(message);
});
