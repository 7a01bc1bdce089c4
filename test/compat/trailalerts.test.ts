/** Alerts that a server process sends to a webhook, and one that is down, slow or misleading. */
import { createHmac } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CreateUserCommand, DeleteUserCommand, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Alert } from '../../src/audit/alerts/engine.ts';
import { type Connection, entryway, startServerProcess, temporaryDirectory, until } from './process.ts';
import { allowAll, createClients, rootKeys } from './world.ts';

const secret = 'a secret of more than sixteen bytes';
const directory = temporaryDirectory();
const secretFile = join(directory.path, 'secret');
let receiver: Server;
let url = '';
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let received: {
  readonly alert: Alert;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}[] = [];

beforeAll(async () => {
  writeFileSync(secretFile, `${secret}\n`);
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { alert } = JSON.parse(body) as { alert: Alert };
      received.push({ alert, headers: request.headers, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/alerts`;
});

afterEach(() => {
  received = [];
});

afterAll(() => {
  receiver.closeAllConnections();
  receiver.close();
  directory.remove();
});

const thank = (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(204).end();

let runs = 0;
function ownDirectory(): string {
  runs += 1;
  const path = join(directory.path, String(runs));
  mkdirSync(path);
  return path;
}

/** What raises EW-TRAIL-011: a user who may do everything. */
async function makeAdministrator(connection: Connection, name: string): Promise<void> {
  const { iam, destroy } = createClients(connection, rootKeys(connection));
  await iam.send(new CreateUserCommand({ UserName: name }));
  await iam.send(
    new PutUserPolicyCommand({ UserName: name, PolicyName: 'all', PolicyDocument: allowAll('*') }),
  );
  destroy();
}

const administrators = (): readonly string[] =>
  received.filter(({ alert }) => alert.ruleId === 'EW-TRAIL-011').map(({ alert }) => alert.subject);

// Which webhooks and secrets are refused is told in src/server/config.test.ts.
test('a server does not start with a secret and nowhere to send', async () => {
  const { code, stderr } = await entryway(directory.path, [
    ...['serve', '--in-memory', '--alert-secret-file', secretFile],
  ]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('hint: give both')]);
});

test('an alert is sent once, signed, without the server’s log telling where', async () => {
  answer = thank;
  const server = await startServerProcess(ownDirectory(), [
    ...['--alert-webhook', url, '--alert-secret-file', secretFile],
  ]);
  await makeAdministrator(server.connection, 'eve');
  await until(() => administrators().length > 0, 'the alert has come');
  await server.stop();
  expect(administrators()).toEqual(['user eve']);
  for (const { headers, body, alert } of received) {
    const [, time = '', mac] =
      /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['entryway-signature'])) ?? [];
    expect(mac).toBe(createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'));
    expect(headers['entryway-alert-id']).toBe(alert.id);
  }
  expect(server.log()).not.toContain('/alerts');
}, 30_000);

test('a receiver that never answers holds up no call, and gets the alert after a crash', async () => {
  answer = () => undefined;
  const path = ownDirectory();
  const first = await startServerProcess(path, ['--alert-webhook', url]);
  await makeAdministrator(first.connection, 'eve');
  const { iam, destroy } = createClients(first.connection, rootKeys(first.connection));
  const begun = Date.now();
  for (let i = 0; i < 20; i += 1) {
    await iam.send(new CreateUserCommand({ UserName: `user-${i}` }));
    await iam.send(new DeleteUserCommand({ UserName: `user-${i}` }));
  }
  // One that waited for the receiver would take its ten seconds.
  expect(Date.now() - begun).toBeLessThan(9_000);
  destroy();
  await until(() => received.length > 0, 'the first alert was tried');
  await first.kill();
  receiver.closeAllConnections();
  received = [];
  answer = thank;
  const second = await startServerProcess(path, ['--alert-webhook', url]);
  await until(() => administrators().length > 0, 'the alert has come');
  await second.stop();
  // A third start has nothing left to tell.
  received = [];
  const third = await startServerProcess(path, ['--alert-webhook', url]);
  await makeAdministrator(third.connection, 'mallory');
  await until(() => administrators().includes('user mallory'), 'the new alert has come');
  await third.stop();
  expect(administrators()).toEqual(['user mallory']);
}, 60_000);

test('a receiver that fails is tried again; one that sends elsewhere is not followed, and the loss is told', async () => {
  const seen: string[] = [];
  answer = (request, response) => {
    seen.push(request.url ?? '');
    const isFirst = received.length === 1;
    if (isFirst) response.writeHead(503).end();
    else if (request.url === '/alerts') response.writeHead(307, { location: '/elsewhere' }).end();
    else thank(request, response);
  };
  const server = await startServerProcess(ownDirectory(), ['--alert-webhook', url]);
  await makeAdministrator(server.connection, 'eve');
  await until(() => server.log().includes('an alert was not delivered'), 'the loss is told');
  await server.stop();
  expect(received[0]?.alert.id).toBe(received[1]?.alert.id);
  expect(new Set(seen)).toEqual(new Set(['/alerts']));
  expect(server.log()).toMatch(/redirects are not followed/);
}, 30_000);
