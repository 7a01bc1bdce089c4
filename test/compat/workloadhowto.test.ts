/**
 * docs/howto/workload-identity.md is a promise: its commands are run here, on the demo, with the stock AWS CLI and kubectl, and
 * print what stands there. ENTRYWAY_UPDATE=1 writes what they print into the page.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsCliUnavailable, quickStart, run } from './clients.ts';
import {
  entryway,
  npxDirectory,
  openShell,
  type ServerProcess,
  startServerProcess,
  temporaryDirectory,
} from './process.ts';
import { rootKeys } from './world.ts';

const unavailable = awsCliUnavailable();
const because = unavailable === undefined ? '' : ` (not run: ${unavailable})`;
const file = resolve(import.meta.dirname, '../../docs/howto/workload-identity.md');
const page = readFileSync(file, 'utf8');
const directory = temporaryDirectory();
let server: ServerProcess;

beforeAll(async () => {
  if (unavailable === undefined) server = await startServerProcess(directory.path, ['--demo']);
}, 60_000);

afterAll(async () => {
  await server?.stop();
  directory.remove();
});

/** What is another each time. */
function settled(text: string): string {
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '1509c7bc-5da6-4455-83ec-9c4d8ad501a4')
    .replace(/botocore-session-\d+/g, 'botocore-session-1795294710')
    .replace(/\ba-[a-z0-9]{17}\b/g, 'a-z5c7p9k3mf2t8wq4x')
    .replace(/\/id\/[0-9A-F]{32}/g, '/id/B67F7DA143B7B204FFDF3E8166D1BA62');
}

test.skipIf(unavailable !== undefined)(
  `the commands of docs/howto/workload-identity.md print what stands there${because}`,
  async () => {
    const { connection } = server;
    const { environment } = openShell(directory.path, connection, rootKeys(connection));
    const kubeconfig = join(directory.path, 'demo.kubeconfig');
    const admin = `arn:aws:iam::${connection.accountId}:role/platform-admin`;
    const made = await entryway(directory.path, [
      ...['kubeconfig', 'demo', '--role', admin, '--data', connection.dataDir],
    ]);
    writeFileSync(kubeconfig, made.stdout, { mode: 0o600 });

    const pieces = page.split(/(```(?:sh|text)\n[\s\S]*?```)/);
    const commands = pieces.flatMap((piece) => /^```sh\n([\s\S]*?)```$/.exec(piece)?.[1] ?? []);
    // One shell for all of the page, as a reader has it; a line that nothing else prints is between its pieces.
    const end = '--- end of a piece ---';
    const script = commands.map((command) => `${command}\necho '${end}'\n`).join('');
    const { code, stdout, stderr } = await run('bash', ['--norc', '-euo', 'pipefail', '-c', script], {
      cwd: directory.path,
      env: {
        ...environment,
        ...quickStart,
        ...{ KUBECONFIG: kubeconfig, ENTRYWAY_DATA: connection.dataDir, NO_COLOR: '1' },
        PATH: `${npxDirectory(directory.path)}:${environment.PATH}`,
      },
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const printed = stdout.split(`${end}\n`);

    let turn = 0;
    for (const [at, piece] of pieces.entries()) {
      if (piece.startsWith('```sh\n')) turn += 1;
      if (!piece.startsWith('```text\n')) continue;
      const text = `\`\`\`text\n${settled(printed[turn - 1] ?? '')}\`\`\``;
      if (process.env.ENTRYWAY_UPDATE === '1') pieces[at] = text;
      else expect(piece).toBe(text);
    }
    if (process.env.ENTRYWAY_UPDATE === '1') writeFileSync(file, pieces.join(''));
    expect(turn).toBeGreaterThan(5);
  },
  60_000,
);
