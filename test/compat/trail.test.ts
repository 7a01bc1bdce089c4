/** `entryway trail` beside a server that stock SDK clients use. */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DescribeClusterCommand, ListClustersCommand } from '@aws-sdk/client-eks';
import { CreateUserCommand, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call } from '../../src/audit/alerts/fixture.ts';
import type { CloudTrailRecord } from '../../src/audit/cloudtrail/record.ts';
import { openExportDirectory } from '../../src/audit/export/directory.ts';
import { createCloudTrailExport } from '../../src/audit/export/writer.ts';
import { type CommandResult, quickStart } from './clients.ts';
import { entryway, type Keys, startServerProcess, until } from './process.ts';
import { sendHttp1 } from './raw.ts';
import { associate, createEntry, openScene, type Scene } from './scene.ts';
import { sendSigned } from './signed.ts';
import {
  allowAll,
  type Clients,
  createClients,
  createCluster,
  createClusterRole,
  createUser,
  outcome,
  rootKeys,
} from './world.ts';

interface Delivered {
  readonly Records: readonly CloudTrailRecord[];
}

const launcher = resolve(import.meta.dirname, '../../bin/entryway.js');

let scene: Scene;
let admin: { readonly keys: Keys; readonly clients: Clients };
let nobody: Clients;
/** When the call about cluster `late` was made: in a later second than all that was done before. */
let late: { readonly begun: number; readonly ended: number };

beforeAll(async () => {
  scene = await openScene();
  const { root, connection } = scene;
  await createClusterRole(root);
  await createCluster(root, connection, 'prod');
  const dev = await scene.role('dev');
  await createEntry(root, 'prod', dev);
  await associate(root, 'prod', dev, 'AmazonEKSViewPolicy', 'team-a');
  const keys = await createUser(root, 'admin', allowAll('*'));
  admin = { keys, clients: scene.as(keys) };
  nobody = scene.as(await createUser(root, 'nobody'));
  await admin.clients.eks.send(new DescribeClusterCommand({ name: 'prod' }));
  await outcome(nobody.eks.send(new ListClustersCommand({})));
  const user = await scene.enter('prod', await scene.session('dev', 'dana'));
  await user.core.listNamespacedPod({ namespace: 'team-a' });
  await outcome(user.core.listNamespacedSecret({ namespace: 'team-a' }));
  const done = second(Date.now());
  await until(() => second(Date.now()) > done, 'another second begins');
  const begun = Date.now();
  await outcome(root.eks.send(new DescribeClusterCommand({ name: 'late' })));
  late = { begun, ended: Date.now() };
}, 60_000);

/** Records carry whole seconds, and exports end with one. */
const second = (time: number): number => Math.floor(time / 1000);

afterAll(() => scene?.close());

const trail = (...args: readonly string[]): Promise<CommandResult> =>
  entryway(scene.directory, ['trail', ...args, '--data', scene.connection.dataDir]);

/** The columns of the lines after the title. */
async function rows(...args: readonly string[]): Promise<readonly (readonly string[])[]> {
  const { code, stdout, stderr } = await trail(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [title = '', ...lines] = stdout.trimEnd().split('\n');
  expect(title.split(/ {2,}/)).toEqual(['TIME', 'WHO', 'EVENT', 'SOURCE IP', 'RESULT', 'RESOURCE']);
  return lines.map((line) => line.split(/ {2,}/));
}

const withoutTime = (lines: readonly (readonly string[])[]) => lines.map(([, ...columns]) => columns);

describe('the trail is shown to nobody but the operator', () => {
  const ask = { method: 'POST', query: '', headers: { 'content-type': 'application/json' }, body: '{}' };
  const paths = ['/entryway/v1/trail/read', '/entryway/v1/trail/follow'];

  test.each(paths)('%s: not without a signature', async (path) => {
    const { status, text } = await sendHttp1(scene.connection.awsEndpoint, { ...ask, target: path });
    expect(status).toBe(403);
    expect(text).not.toContain('eventName');
  });

  test.each(paths)('%s: not to a user of the account who may do everything', async (path) => {
    const answer = await sendSigned(
      scene.connection,
      { ...ask, path },
      { keys: admin.keys, service: 'entryway' },
    );
    expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('only the root of account')]);
  });

  test('not to the root of another account', async () => {
    const created = await entryway(scene.directory, [
      ...['account', 'create', '--data', scene.connection.dataDir, '--output', 'json'],
    ]);
    const keys = JSON.parse(created.stdout) as Keys;
    for (const path of paths) {
      const answer = await sendSigned(scene.connection, { ...ask, path }, { keys, service: 'entryway' });
      expect([answer.status, answer.text]).toEqual([
        403,
        expect.stringContaining('only the root of account'),
      ]);
    }
  });
});

// The others are in src/cli/trail.test.ts: here one that is not parsed, one without a server and one that has found it.
describe('a command line that makes no sense is refused', () => {
  test.each<readonly [readonly string[], RegExp]>([
    [['--severity', 'terrible'], /terrible/],
    [['--since', 'yesterday'], /`yesterday` is no moment/],
    [['--alerts', '--user', 'x'], /--alerts takes no --user/],
  ])('%j', async (args, complaint) => {
    const { code, stdout, stderr } = await trail(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(complaint);
  });
});

test('without a server there is a hint and exit code 3', async () => {
  const { code, stderr } = await entryway(scene.directory, [
    'trail',
    '--data',
    join(scene.directory, 'none'),
  ]);
  expect(code).toBe(3);
  expect(stderr).toMatch(/no server has written.*\nhint: start one/);
});

test('calls are shown newest last: who, what, from where, with what result, about what', async () => {
  const lines = await rows('--cluster', 'prod');
  expect(lines.map(([time]) => time)).toEqual(lines.map(([time]) => time).toSorted());
  const from = '127.0.0.1';
  expect(withoutTime(lines)).toEqual([
    ['root', 'eks:CreateCluster', from, 'ok', 'cluster/prod'],
    ['root', 'eks:CreateAccessEntry', from, 'ok', 'cluster/prod role/dev'],
    ['root', 'eks:AssociateAccessPolicy', from, 'ok', 'cluster/prod role/dev AmazonEKSViewPolicy'],
    ['user/admin', 'eks:DescribeCluster', from, 'ok', 'cluster/prod'],
    ['root', 'eks:DescribeCluster', from, 'ok', 'cluster/prod'],
  ]);
});

describe('a filter shows', () => {
  test('one user', async () => {
    // The two refusals above are among what the administrator of the account tried.
    const refused = ['entryway:ReadTrail', 'entryway:FollowTrail'];
    const lines = (await rows('--user', 'admin')).map(([, who, event]) => [who, event] as const);
    expect(lines.filter(([, event]) => !refused.includes(event ?? ''))).toEqual([
      ['user/admin', 'eks:DescribeCluster'],
    ]);
  });
  test('refusals', async () => {
    const denied = (await rows('--errors')).filter(([, who]) => who === 'user/nobody');
    expect(withoutTime(denied)).toMatchObject([
      ['user/nobody', 'eks:ListClusters', '127.0.0.1', 'AccessDeniedException'],
    ]);
  });
  test('one kind of call of one service', async () => {
    const lines = await rows('--source', 'iam', '--event', 'createuser');
    expect(withoutTime(lines).map(([, event, , , what]) => [event, what])).toEqual(
      ['caller', 'admin', 'nobody'].map((name) => ['iam:CreateUser', `user/${name}`]),
    );
  });
  test('what a role did, AWS calls and Kubernetes requests side by side', async () => {
    const lines = await rows('--principal', 'role/dev', '--kubernetes');
    expect(withoutTime(lines).map(([who, event, , result]) => [who, event, result])).toEqual([
      ['dev/dana', 'k8s:list pods', 'ok'],
      ['dev/dana', 'k8s:list secrets', 'Forbidden'],
    ]);
  });
  test('no more than was asked for, the newest of them', async () => {
    const all = await rows('--since', '1h');
    expect(await rows('--limit', '2')).toEqual(all.slice(-2));
  });
  test('nothing, and says so', async () => {
    const result = await trail('--user', 'stranger');
    expect(result).toEqual({ code: 0, stdout: '', stderr: 'entryway: nothing was recorded that matches\n' });
  });
});

test('`--json` prints the records themselves, one a line', async () => {
  const { stdout } = await trail('--json', '--kubernetes', '--user', 'dana');
  expect(stdout).toBe('');
  const all = await trail('--json', '--kubernetes', '--principal', 'role/dev');
  const records = all.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(records).toMatchObject([
    { kind: 'Event', apiVersion: 'audit.k8s.io/v1', verb: 'list', responseStatus: { code: 200 } },
    { kind: 'Event', apiVersion: 'audit.k8s.io/v1', verb: 'list', responseStatus: { code: 403 } },
  ]);
});

test('a name cannot move the cursor of who reads the trail', async () => {
  await outcome(admin.clients.iam.send(new CreateUserCommand({ UserName: 'evil\u001b[2Jname' })));
  const { stdout } = await trail('--user', 'admin');
  expect(stdout).not.toContain('\u001b');
});

/** A command that goes on until it is stopped. */
function start(...args: readonly string[]): { readonly child: ChildProcess; readonly output: () => string } {
  const child = spawn(process.execPath, [launcher, 'trail', ...args, '--data', scene.connection.dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: scene.directory, ...quickStart },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  return { child, output: () => output };
}

test('`--follow` goes on with what comes, once each, until it is stopped', async () => {
  const { child, output } = start('--follow', '--limit', '1');
  await until(() => output().split('\n').length > 2, 'the last call is shown');
  for (const name of ['one', 'two']) {
    await outcome(admin.clients.eks.send(new DescribeClusterCommand({ name })));
    await until(() => output().includes(`cluster/${name}`), `the call about ${name} is shown`);
  }
  expect(output().match(/cluster\/one/g)).toHaveLength(1);
  const exited = new Promise((done) => child.on('exit', (_, signal) => done(signal)));
  child.kill('SIGINT');
  expect(await exited).toBe('SIGINT');
});

test('who stops reading ends the command without a complaint', async () => {
  const { child, output } = start('--since', '1h', '--json');
  child.stdout?.destroy();
  expect(await new Promise((done) => child.on('exit', done))).toBe(0);
  expect(output()).not.toContain('EPIPE');
});

describe('alerts', () => {
  test('tell what deserves attention, and what each rule means', async () => {
    const { root } = scene;
    const ops = await scene.role('ops');
    await createEntry(root, 'prod', ops);
    await associate(root, 'prod', ops, 'AmazonEKSClusterAdminPolicy');
    const { code, stdout } = await trail('--alerts', '--severity', 'high');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^\S+ {2}high {6}EW-TRAIL-020 {2}root gave role\/ops AmazonEKSClusterAdminPolicy on cluster prod$/m,
    );
    expect(stdout).toMatch(
      /\nEW-TRAIL-020 {2}Somebody became administrator of a cluster\n {2}\S.*\n {2}Look at: /,
    );
    expect(stdout).not.toContain('EW-TRAIL-010');
  });

  test('follow what comes, also as JSON', async () => {
    const { child, output } = start('--alerts', '--follow', '--json', '--severity', 'high');
    await until(() => output().includes('EW-TRAIL-020'), 'earlier alerts are shown');
    await scene.root.iam.send(
      new PutUserPolicyCommand({
        UserName: 'nobody',
        PolicyName: 'everything',
        PolicyDocument: allowAll('*'),
      }),
    );
    await until(() => output().includes('user nobody'), 'the new alert is shown');
    const exited = new Promise((done) => child.on('exit', done));
    child.kill('SIGINT');
    await exited;
    const last = JSON.parse(output().trimEnd().split('\n').at(-1) ?? '') as object;
    expect(last).toMatchObject({
      ruleId: 'EW-TRAIL-011',
      severity: 'high',
      subject: 'user nobody',
      event: { name: 'PutUserPolicy', sourceIp: '127.0.0.1' },
    });
  });
});

test('who follows is told when the server is stopped', async () => {
  mkdirSync(join(scene.directory, 'home-other'));
  const other = await startServerProcess(join(scene.directory, 'home-other'));
  const { child, output } = start(
    '--follow',
    '--ready-file',
    join(scene.directory, 'home-other', 'ready.json'),
  );
  const client = createClients(other.connection, rootKeys(other.connection));
  await client.eks.send(new ListClustersCommand({}));
  client.destroy();
  await until(() => output().includes('eks:ListClusters'), 'the call is shown');
  const exited = new Promise((done) => child.on('exit', done));
  await other.stop();
  expect(await exited).toBe(3);
  expect(output()).toMatch(/entryway: the server was stopped\nhint: start it again/);
}, 30_000);

describe('an export', () => {
  const exportTo = (name: string, ...args: readonly string[]): Promise<CommandResult> =>
    trail('export', '--output', join(scene.directory, name), ...args);
  const made = (name: string): string => {
    mkdirSync(join(scene.directory, name), { recursive: true });
    return join(scene.directory, name);
  };
  const filesOf = (name: string): readonly string[] =>
    readdirSync(made(name), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();

  const exported = (): readonly CloudTrailRecord[] =>
    filesOf('archive')
      .filter((file) => /_CloudTrail_/.test(file))
      .flatMap((file) => (JSON.parse(gunzipSync(readFileSync(file)).toString()) as Delivered).Records);
  const described = (): readonly unknown[] =>
    exported()
      .filter(({ eventName }) => eventName === 'DescribeCluster')
      .map(({ requestParameters }) => requestParameters?.name);

  // What happened within the last five seconds, and so in the second that was the present one then, is left out.
  beforeAll(() =>
    until(() => Date.now() >= late.ended + 6_000, 'the late call is old enough to be exported'),
  );

  test('goes on where it ended, holds each record once, and is verified', async () => {
    const upToLate = await exportTo('archive', '--until', new Date(late.begun).toISOString());
    expect(upToLate.stdout).toMatch(/^exported \d+ records up to /);
    expect(described()).toEqual(['prod', 'prod']);
    await outcome(scene.root.eks.send(new DescribeClusterCommand({ name: 'just-now' })));
    await exportTo('archive');
    expect(described()).toContain('late');
    expect(described()).not.toContain('just-now');
    const ids = exported().map(({ eventID }) => eventID);
    expect(new Set(ids).size).toBe(ids.length);
    const shown = await trail('--json', '--since', '1h');
    const recorded = shown.stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as CloudTrailRecord).eventID);
    expect(ids.toSorted()).toEqual(recorded.slice(0, ids.length).toSorted());
    const verified = await trail('verify', join(scene.directory, 'archive'));
    expect(verified.code, verified.stdout).toBe(0);
    expect(verified.stdout).toMatch(/^\d+ digests and \d+ log files as they were signed, from /);
    const refused = await exportTo('archive', '--since', '1h');
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('goes up to')]);
    for (const file of filesOf('archive')) expect(statSync(file).mode & 0o077).toBe(0);
  }, 60_000);

  test('does not go on where it is ahead of the trail, as after a backup was restored', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const at = second(Date.now()) * 1000;
    const writer = await createCloudTrailExport({
      directory: openExportDirectory(made('ahead')),
      bucket: 'archive',
      trailName: 'entryway',
      homeRegion: scene.connection.region,
      privateKey,
      from: at,
    });
    await writer.add(call('eks:ListClusters').record as CloudTrailRecord, at);
    await writer.finish(at + 3_600_000);
    const { code, stderr } = await exportTo('ahead');
    expect([code, stderr]).toEqual([3, expect.stringContaining('this trail is complete only up to')]);
  });

  test('that was touched is told, with exit code 1', async () => {
    const [file = ''] = filesOf('archive').filter((name) => /_CloudTrail_/.test(name));
    writeFileSync(file, 'x');
    const { code, stdout } = await trail('verify', join(scene.directory, 'archive'));
    expect(code).toBe(1);
    expect(stdout).toMatch(/^WRONG {2}AWSLogs\/.*_CloudTrail_.* is not gzipped$/m);
  });

  test('is verified elsewhere with the public key, and with no other', async () => {
    const { stdout } = await trail('public-key');
    const key = join(scene.directory, 'trail.pem');
    writeFileSync(key, stdout);
    const elsewhere = (...args: readonly string[]) =>
      entryway(scene.directory, ['trail', 'verify', join(scene.directory, 'archive'), ...args]);
    expect((await elsewhere('--public-key', key)).stdout).toMatch(/digests and \d+ log file/);
    const without = await elsewhere();
    expect([without.code, without.stderr]).toEqual([3, expect.stringContaining('no key that signs exports')]);
    const wrong = await elsewhere('--public-key', scene.connection.caFile);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('holds no RSA public key')]);
  });

  test('as JSON lines holds AWS calls and Kubernetes requests in files of their own', async () => {
    await exportTo('lines', '--format', 'jsonl', '--kubernetes');
    const [aws = '', kubernetes = ''] = filesOf('lines');
    const first = (file: string) => JSON.parse(readFileSync(file, 'utf8').split('\n')[0] ?? '') as object;
    expect(first(aws)).toMatchObject({ eventSource: expect.stringMatching(/amazonaws\.com$/) });
    expect(first(kubernetes)).toMatchObject({ kind: 'Event' });
  });
});
